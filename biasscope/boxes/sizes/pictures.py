"""Sizes of images from the pictures that the rows of a table hold, encoded, beside the boxes."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl

from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.sizes.lookup import image_size
from biasscope.boxes.sizes.table import UNKNOWN
from biasscope.boxes.tables.opening import readable
from biasscope.core.errors import InputError

BYTES = "bytes"
"""Field of an encoded picture, as the hub has it, that holds its file."""
SIDES = ("biasscope_picture_width", "biasscope_picture_height")
"""Columns that :func:`with_sizes` puts into a frame."""
USUAL = ("image", "img", "jpeg", "jpg", "png", "picture", "pixels", "bytes", "image_bytes", "data", "content")
"""Names of columns of pictures, those that are usual first."""
LOOKED_AT = 10
"""Values, of those that are not null, among which a picture has to be met where a column may hold some."""
_SIZES = pl.Struct(dict.fromkeys(SIDES, pl.Int32()))


def picture_column(frame: pl.LazyFrame, path: Path) -> str | None:
    """Column whose first values are pictures, as bytes or as the struct that the hub has; ``None`` for none.

    Of several it is the one with a usual name, as others hold masks or the like; without such a name none is.
    """
    kinds = frame.collect_schema()
    held = [name for name, kind in kinds.items() if _may_hold(kind) and _holds(frame, name, kind, path)]
    usual = [name for option in USUAL for name in held if name.strip().lower() == option]
    return next(iter(usual if usual or len(held) != 1 else held), None)


def with_sizes(frame: pl.LazyFrame, column: str, image: pl.Expr, wanted: pl.Expr, log: RowLog) -> pl.LazyFrame:
    """Rows with :data:`SIDES`, read off the headers of the pictures in a column; null where there is none.

    Parameters
    ----------
    frame
        Rows as in the file.
    column
        Name of the column that :func:`picture_column` found.
    image
        Name of the image of a row.
    wanted
        Whether the picture of a row is looked at.
    log
        Takes pictures that cannot be read, each once.
    """
    failed = set[str | None]()

    def sizes(rows: pl.Series) -> pl.Series:
        pairs = rows.struct.unnest().iter_rows()
        return pl.Series([_size(name, data, log, failed) for name, data in pairs], dtype=_SIZES)

    data = pl.when(wanted).then(_data(column, frame.collect_schema()[column]))
    held = pl.struct(image.alias("image"), data.alias("data"))
    return frame.with_columns(held.map_batches(sizes, return_dtype=_SIZES, is_elementwise=True).struct.unnest())


def _size(name: str | None, data: bytes | None, log: RowLog, failed: set[str | None]) -> dict[str, int | None]:
    try:
        found = image_size(io.BytesIO(data)) if data else UNKNOWN
    except InputError as error:
        found = UNKNOWN
        if name not in failed:
            failed.add(name)
            log.add("unreadable image", f"image {name}", error.what)
    return dict(zip(SIDES, found, strict=True))


def _may_hold(kind: pl.DataType) -> bool:
    return kind == pl.Binary or (isinstance(kind, pl.Struct) and kind.to_schema().get(BYTES) == pl.Binary)


def _data(name: str, kind: pl.DataType) -> pl.Expr:
    return pl.col(name).struct.field(BYTES) if isinstance(kind, pl.Struct) else pl.col(name)


def _holds(frame: pl.LazyFrame, name: str, kind: pl.DataType, path: Path) -> bool:
    with readable(path):
        values = frame.select(_data(name, kind)).drop_nulls().head(LOOKED_AT).collect().to_series()
    return any(map(_is_picture, values))


def _is_picture(data: bytes) -> bool:
    try:
        return bool(image_size(io.BytesIO(data)))
    except InputError:
        return False
