"""Sizes of images that the rows of a table do not give, filled in as the rows are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl

from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.sizes.lookup import ImageFiles, read_sizes
from biasscope.boxes.sizes.table import FOUND, SIDES, SizeTable
from biasscope.boxes.source import Request
from biasscope.boxes.tables.fields import looked_up, without_query
from biasscope.boxes.tables.opening import readable


def filler(frame: pl.LazyFrame, request: Request, path: Path) -> Callable[[pl.LazyFrame], pl.LazyFrame]:
    """Function that fills the sizes of rows, from the table, then from the image files.

    ``frame`` has the columns ``image_id``, ``split`` and the sizes of all rows that will be given: the files of images
    are searched once for all of them. ``path`` is the file that the rows are from.
    """
    table = None if request.sizes is None else SizeTable(request.sizes)

    def first(rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows if table is None else _from_table(rows, table)

    if request.images is None:
        return first
    sizes = _file_sizes(first(frame), request.images, request.log, path)
    return lambda rows: _filled(first(rows), _IMAGE, sizes)


_IMAGE = pl.concat_str("image_id", pl.col("split").cast(pl.String).fill_null(""), separator="\0")
"""An image by its whole name and its split: files of one name may stand in several folders."""


def _from_table(frame: pl.LazyFrame, table: SizeTable) -> pl.LazyFrame:
    image = pl.struct("image_id", pl.col("split").cast(pl.String))
    if not table.folders:
        name = without_query(pl.col("image_id")).str.replace_all("\\", "/", literal=True).str.split("/").list.last()
        name = name.str.normalize("NFC") if table.accents else name
        frame = _filled(frame, looked_up(name) if table.whole else name, table.frame)
        address = pl.col("image_id").str.contains("%", literal=True) & pl.col("image_width").is_null()
        image = pl.when(address).then(image)  # such names may be encoded; a join finds all others
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


def _file_sizes(frame: pl.LazyFrame, folder: Path, log: RowLog, path: Path) -> pl.DataFrame:
    """Sizes of the images that have none in the table, from the headers of their files."""
    wanted = frame.filter(pl.col("image_width").is_null()).select("image_id", pl.col("split").cast(pl.String))
    with readable(path):
        images = wanted.drop_nulls("image_id").unique(maintain_order=True).collect()
    sizes = read_sizes(ImageFiles(folder), images.rows(), log)
    sides = pl.DataFrame(sizes, schema=list(SIDES), orient="row").cast(pl.Int32)
    return images.select(key=_IMAGE).hstack(sides)
