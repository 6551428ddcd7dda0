"""Tables as boxes: turning the columns of a lazy frame into those of BOXES."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from biasscope.boxes.assemble import conform, edges_of
from biasscope.boxes.boxtable import joined_both
from biasscope.boxes.convention import from_fraction, from_xywh, offsets
from biasscope.boxes.schema import BOXES, CORNERS, EMPTY, FLAGS, IMAGES
from biasscope.boxes.sizes.rows import filler
from biasscope.boxes.source import Request
from biasscope.boxes.tables.boxcolumn import BBOX
from biasscope.boxes.tables.fields import flag
from biasscope.boxes.tables.opening import EXTRA, TEXT, Scans
from biasscope.core.errors import InputError, UsageError

ROW = "biasscope_row"


class Layout:
    """How a table's four numbers a box stand: ``wh`` (left, top, width, height) and ``fraction`` of the frame."""

    def __init__(self, convention: str, *, wh: bool = False, fraction: bool = False) -> None:
        self.convention, self.wh, self.fraction = convention, wh, fraction

    def edges(self, numbers: Sequence[pl.Expr]) -> dict[str, pl.Expr]:
        """Pixel edges; columns ``image_width`` and ``image_height`` have to be in the frame for fractions."""
        corners: tuple[pl.Expr, ...] = tuple(numbers)
        if self.wh:
            corners = from_xywh(*corners)
        if self.fraction:
            sides = [pl.col(name).cast(pl.Float64) for name in ("image_width", "image_height")]
            # A fraction whose pixels have to be shifted means nothing without a size: null, and so listed.
            known = sides if any(offsets(self.convention)) else [value.fill_null(1.0) for value in sides]
            corners = from_fraction(*corners, *known)
        return dict(zip(CORNERS, edges_of(corners, self.convention), strict=True))


class Parts(NamedTuple):
    """Boxes, images without objects, and both in one frame whose column ``EMPTY`` marks the latter (or ``None``).

    ``again`` and ``rows`` are as in BoxTable.
    """

    boxes: pl.LazyFrame
    empty: pl.LazyFrame
    both: pl.LazyFrame | None
    again: pl.LazyFrame | None
    rows: int | None


def joined(parts: Sequence[Parts]) -> Parts:
    """Parts of several files, one after another."""
    boxes, empty = [part.boxes for part in parts], [part.empty for part in parts]
    return Parts(pl.concat(boxes), pl.concat(empty), *joined_both(parts))


def build(
    scanned: Scans,
    columns: Mapping[str, pl.Expr],
    raw_columns: Sequence[str],
    layout: Layout,
    request: Request,
    name: str,
) -> Parts:
    """Boxes, and rows that stand for images without objects.

    Parameters
    ----------
    scanned
        Rows as in the file, as :func:`~biasscope.boxes.tables.opening.scans` gives them.
    columns
        Expressions for columns of BOXES; the four corners as the file has them.
    raw_columns
        Names in the file of the label and the four numbers; a row where all are null is an image without objects.
    layout
        What these four mean.
    request
        For split and image sizes.
    name
        Name of the file in the ``file`` column.
    """
    frame, fast = scanned.frame, scanned.fast
    split = pl.lit(request.split_of(name))
    chosen = {"split": split, **columns} if request.split is None else {**columns, "split": split}
    schema = frame.collect_schema()
    if EXTRA in schema:  # a row with too many fields may have them anywhere
        fits = pl.col(EXTRA).is_null()
        chosen |= {corner: pl.when(fits).then(chosen[corner]) for corner in CORNERS}
    given = [pl.col(ROW).cast(pl.Int64).alias("row"), *(value.alias(key) for key, value in chosen.items())]
    given += [pl.lit(None, pl.Int32).alias(key) for key in ("image_width", "image_height") if key not in chosen]
    # On the columns as they are in the file, so that statistics of a Parquet file can answer it without reading.
    nothing = pl.all_horizontal(_missing(raw, schema) for raw in raw_columns)
    numbered, nowhere = frame.with_row_index(ROW, offset=1), chosen["image_id"].is_null()
    filled = filler(numbered.select(given), request, scanned.path)
    boxes = filled(numbered.filter(~nothing).select(given))
    empty = filled(frame.filter(nothing & ~nowhere).with_columns(pl.lit(0).alias(ROW)).select(given))
    made = {key: pl.col(key) for key in ("row", "image_width", "image_height", *chosen)}
    made |= {"file": pl.lit(name), **layout.edges([pl.col(corner) for corner in CORNERS])}

    def marked(rows: pl.LazyFrame, nothing: pl.Expr) -> pl.LazyFrame:
        numbered = rows.with_row_index(ROW, offset=1).select(*given, nothing.alias(EMPTY))
        return conform(filled(numbered), made, also=[EMPTY])

    both, again = marked(frame, nothing), None
    if fast is not None:
        unread = pl.any_horizontal(pl.col(name).is_null() for name in schema if f"{TEXT}{name}" in schema)
        both, again = marked(fast, unread | pl.all_horizontal(pl.col(raw).is_null() for raw in raw_columns)), both
    return Parts(conform(boxes, made), conform(empty, made).select(IMAGES.names()), both, again, scanned.rows)


def _missing(name: str, schema: pl.Schema) -> pl.Expr:
    """Whether nothing stands in a column; a text that is no number is something."""
    text = f"{TEXT}{name}"
    return pl.col(text).fill_null("") == "" if text in schema else pl.col(name).is_null()


def images_of(boxes: pl.LazyFrame, empty: pl.LazyFrame) -> pl.LazyFrame:
    """Images that boxes and empty rows speak of, each once."""
    return pl.concat([boxes.select(IMAGES.names()), empty]).unique(maintain_order=True)


def flags_of(names: Mapping[str, str], schema: pl.Schema) -> dict[str, pl.Expr]:
    """Expressions of the flag columns that were found."""
    return {key: flag(names[key], schema[names[key]]) for key in FLAGS if key in names}


def check_numbers(names: Sequence[str], schema: pl.Schema, path: Path) -> None:
    """Columns hold numbers, or texts that may be some.

    Raises
    ------
    InputError
        One holds lists, dates or the like.
    """
    for name in names:
        kind = schema[name]
        if kind.is_nested() or kind.is_temporal() or kind == pl.Binary:
            raise InputError(f"column {name!r} holds no numbers (its type is {kind})", where=str(path))


def check_columns(columns: Mapping[str, str], schema: pl.Schema, path: Path) -> None:
    """Every column that was asked for is there, under a name that BOXES knows.

    Raises
    ------
    UsageError
        BOXES has no such column.
    InputError
        A column is not in the file.
    """
    for key, name in columns.items():
        if (key not in BOXES and key != BBOX) or key in ("file", "row"):
            known = ", ".join((*(other for other in BOXES if other not in ("file", "row")), BBOX))
            raise UsageError(f"there is no target column {key!r}", where="--columns", hint=f"There are: {known}.")
        if name not in schema:
            there = ", ".join(schema)
            raise InputError(f"has no column {name!r} (wanted for {key})", where=str(path), hint=f"There are: {there}.")
