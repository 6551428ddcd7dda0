"""Tables as boxes: turning the columns of a lazy frame into those of BOXES."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from biasscope.boxes.assemble import conform, edges_of
from biasscope.boxes.boxcolumn import BBOX
from biasscope.boxes.convention import from_fraction, from_xywh, offsets
from biasscope.boxes.fields import flag
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.schema import BOXES, CORNERS, EMPTY, FLAGS, IMAGES
from biasscope.boxes.sizes import ImageFiles, read_sizes
from biasscope.boxes.sizetable import FOUND, SIDES, SizeTable
from biasscope.boxes.source import Request
from biasscope.boxes.tablefiles import EXTRA
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
    """Boxes, images without objects, and both in one frame whose column ``EMPTY`` marks the latter (or ``None``)."""

    boxes: pl.LazyFrame
    empty: pl.LazyFrame
    both: pl.LazyFrame | None


def joined(parts: Sequence[Parts]) -> Parts:
    """Parts of several files, one after another."""
    boxes, empty = [part.boxes for part in parts], [part.empty for part in parts]
    both = [part.both for part in parts if part.both is not None]
    return Parts(pl.concat(boxes), pl.concat(empty), pl.concat(both) if len(both) == len(parts) else None)


def build(
    frame: pl.LazyFrame,
    columns: Mapping[str, pl.Expr],
    raw_columns: Sequence[str],
    layout: Layout,
    request: Request,
    name: str,
) -> Parts:
    """Boxes, and rows that stand for images without objects.

    Parameters
    ----------
    frame
        Rows as in the file.
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
    split = pl.lit(request.split_of(name))
    chosen = {"split": split, **columns} if request.split is None else {**columns, "split": split}
    if EXTRA in frame.collect_schema():  # a row with too many fields may have them anywhere
        fits = pl.col(EXTRA).is_null()
        chosen |= {corner: pl.when(fits).then(chosen[corner]) for corner in CORNERS}
    given = [pl.col(ROW).cast(pl.Int64).alias("row"), *(value.alias(key) for key, value in chosen.items())]
    given += [pl.lit(None, pl.Int32).alias(key) for key in ("image_width", "image_height") if key not in chosen]
    # On the columns as they are in the file, so that statistics of a Parquet file can answer it without reading.
    nothing = pl.all_horizontal(pl.col(raw).is_null() for raw in raw_columns)
    numbered, nowhere = frame.with_row_index(ROW, offset=1), chosen["image_id"].is_null()
    boxes = _with_sizes(numbered.filter(~nothing).select(given), request)
    empty = _with_sizes(frame.filter(nothing & ~nowhere).with_columns(pl.lit(0).alias(ROW)).select(given), request)
    made = {key: pl.col(key) for key in ("row", "image_width", "image_height", *chosen)}
    made |= {"file": pl.lit(name), **layout.edges([pl.col(corner) for corner in CORNERS])}
    both = None
    if request.images is None:  # which would be searched once more
        marked = _with_sizes(numbered.select(*given, nothing.alias(EMPTY)), request)
        both = conform(marked, made, also=[EMPTY])
    return Parts(conform(boxes, made), conform(empty, made).select(IMAGES.names()), both)


def images_of(boxes: pl.LazyFrame, empty: pl.LazyFrame) -> pl.LazyFrame:
    """Images that boxes and empty rows speak of, each once."""
    return pl.concat([boxes.select(IMAGES.names()), empty]).unique(maintain_order=True)


def _with_sizes(frame: pl.LazyFrame, request: Request) -> pl.LazyFrame:
    if request.sizes is not None:
        frame = _from_table(frame, SizeTable(request.sizes))
    if request.images is not None:
        frame = _filled(frame, _IMAGE, _file_sizes(frame, request.images, request.log))
    return frame


_IMAGE = pl.concat_str("image_id", pl.col("split").cast(pl.String).fill_null(""), separator="\0")
"""An image by its whole name and its split: files of one name may stand in several folders."""


def _from_table(frame: pl.LazyFrame, table: SizeTable) -> pl.LazyFrame:
    if not table.folders:
        name = pl.col("image_id").str.replace_all("\\", "/", literal=True).str.split("/").list.last()
        return _filled(frame, name, table.frame)
    image = pl.struct("image_id", pl.col("split").cast(pl.String))
    found = image.map_batches(table.found, return_dtype=FOUND, is_elementwise=True)
    return _coalesced(frame.with_columns(found.struct.unnest()))


def _filled(frame: pl.LazyFrame, key: pl.Expr, sizes: pl.DataFrame) -> pl.LazyFrame:
    joined = frame.with_columns(key=key).join(sizes.drop_nulls().lazy(), on="key", how="left", maintain_order="left")
    return _coalesced(joined.drop("key"))


def _coalesced(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.with_columns(
        image_width=pl.coalesce("image_width", "table_width"),
        image_height=pl.coalesce("image_height", "table_height"),
    ).drop("table_width", "table_height")


def _file_sizes(frame: pl.LazyFrame, folder: Path, log: RowLog) -> pl.DataFrame:
    """Sizes of the images that have none in the table, from the headers of their files."""
    wanted = frame.filter(pl.col("image_width").is_null()).select("image_id", pl.col("split").cast(pl.String))
    images = wanted.drop_nulls("image_id").unique(maintain_order=True).collect()
    sizes = read_sizes(ImageFiles(folder), images.rows(), log)
    sides = pl.DataFrame(sizes, schema=list(SIDES), orient="row").cast(pl.Int32)
    return images.select(key=_IMAGE).hstack(sides)


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
