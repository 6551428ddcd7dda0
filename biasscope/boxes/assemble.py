"""From what a reader extracted to the frames of the contract; the only place where conventions are applied.

A reader hands over two small frames: its images (:data:`RAW_IMAGES`) and its boxes (:data:`RAW_BOXES`), each box
pointing to its image by position, with raw corners in pixels or in fractions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from biasscope.boxes.convention import from_fraction, offsets, to_edges
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.schema import BOXES, CORNERS, FLAGS, IMAGES

RAW_IMAGES = pl.Schema(
    {
        "image_id": pl.String(),
        "split": pl.String(),
        "image_width": pl.Int32(),
        "image_height": pl.Int32(),
        "file": pl.String(),
        "convention": pl.String(),
    }
)
RAW_BOXES = pl.Schema(
    {
        "image": pl.UInt32(),
        "label": pl.String(),
        **dict.fromkeys(CORNERS, pl.Float64()),
        **dict.fromkeys(FLAGS, pl.Boolean()),
        "row": pl.Int64(),
    }
)
LARGEST = 2**31 - 1
NEEDS_SIZE = "image size unknown, so the box convention cannot be applied to fractions"


@dataclass
class Raw:
    """Images and boxes while a reader collects them, one tuple each in the order of the raw schemas."""

    images: list[tuple[str, str | None, int | None, int | None, str, str | None]] = field(default_factory=list)
    boxes: list[tuple[int, str | None, float, float, float, float, bool, bool, bool, bool, int]] = field(
        default_factory=list
    )

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the two raw frames."""
        return _frame(self.images, RAW_IMAGES), _frame(self.boxes, RAW_BOXES)


def size_number(value: object) -> int | None:
    """Width or height as a positive integer, or ``None`` when it is not one.

    >>> size_number("500.0"), size_number("0"), size_number("wide")
    (500, None, None)
    """
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return int(number) if 1 <= number <= LARGEST and number == int(number) else None


def finish(
    images: pl.DataFrame, boxes: pl.DataFrame, *, convention: str, fraction: bool, log: RowLog
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Boxes and images in the schemas of the contract.

    Parameters
    ----------
    images, boxes
        Raw frames. Where the image's own ``convention`` is given, it applies instead of ``convention``.
    convention
        What the corners mean.
    fraction
        Whether corners are fractions; without an image size they stay so.
    log
        Takes the boxes of images without a size when the convention needs one.
    """
    joined = boxes.select(pl.exclude("image")).hstack(images[boxes["image"]].get_columns())
    corners = [pl.col(name) for name in CORNERS]
    if fraction:
        if any(offsets(convention)):
            joined = _sized(joined, log)
        sides = [pl.col(name).fill_null(1).cast(pl.Float64) for name in ("image_width", "image_height")]
        corners = list(from_fraction(*corners, *sides))
    joined = joined.with_columns(first=_offset(convention, 0), last=_offset(convention, 1)).with_columns(
        **dict(zip(CORNERS, _shift(corners), strict=True))
    )
    listed = images.lazy().select(IMAGES.names()).cast(IMAGES)
    return joined.lazy().select(BOXES.names()).cast(BOXES), listed


def conform(frame: pl.LazyFrame, columns: Mapping[str, pl.Expr], also: Sequence[str] = ()) -> pl.LazyFrame:
    """Select the columns of BOXES from expressions, and others as they are.

    Missing flags are false, other missing columns null.
    """
    default = {name: pl.lit(False) for name in FLAGS}
    made = [
        columns.get(name, default.get(name, pl.lit(None))).cast(kind, strict=False).alias(name)
        for name, kind in BOXES.items()
    ]
    return frame.select(*made, *also)


def edges_of(corners: Sequence[pl.Expr], convention: str) -> tuple[pl.Expr, ...]:
    """Expressions of pixel edges; nothing is added where nothing has to be."""
    x0, y0, x1, y1 = corners
    return (x0, y0, x1, y1) if not any(offsets(convention)) else to_edges(x0, y0, x1, y1, convention)


def _offset(convention: str, which: int) -> pl.Expr:
    own = pl.col("convention")
    chosen = pl.lit(offsets(convention)[which])
    for name in ("inclusive0", "inclusive1", "edges"):
        chosen = pl.when(own.eq(name)).then(pl.lit(offsets(name)[which])).otherwise(chosen)
    return chosen


def _shift(corners: Sequence[pl.Expr]) -> list[pl.Expr]:
    x0, y0, x1, y1 = corners
    first, last = pl.col("first"), pl.col("last")
    return [x0 + first, y0 + first, x1 + last, y1 + last]


def _sized(frame: pl.DataFrame, log: RowLog) -> pl.DataFrame:
    known = frame["image_width"].is_not_null() & frame["image_height"].is_not_null()
    for file, row in frame.filter(~known).select("file", "row").iter_rows():
        log.add(NEEDS_SIZE, f"{file}:{row}")
    return frame.filter(known)


def _frame(rows: Sequence[tuple[object, ...]], schema: pl.Schema) -> pl.DataFrame:
    if not rows:
        return pl.DataFrame(schema=schema)
    columns = zip(*rows, strict=True)
    return pl.DataFrame(
        [
            pl.Series(name, values, kind, strict=False)
            for (name, kind), values in zip(schema.items(), columns, strict=True)
        ]
    )
