"""Images that a COCO file lists, as a frame: their ids, splits and sizes."""

from __future__ import annotations

import polars as pl

from biasscope.boxes.assemble import RAW_IMAGES
from biasscope.boxes.files.names import SUFFIX, split_of_folders
from biasscope.boxes.readers.coco.tables import LISTED, Id, Tables
from biasscope.boxes.source import Request


def listed_images(tables: Tables, request: Request, name: str) -> pl.DataFrame:
    """Images as a raw frame, in the order of the tables."""
    listed = pl.concat(tables.parts) if tables.parts else pl.DataFrame(schema=LISTED)
    tables.parts.clear()
    names, split = listed["name"], request.split_of(name)
    if names.str.contains("\\", literal=True).any():  # as written on Windows
        names = names.str.replace_all("\\", "/", literal=True)
    folders = names.str.contains("/", literal=True).any()
    columns = {
        "image_id": _unique(names, list(tables.image), folders=folders),
        "split": pl.Series([split_of_folders(name) for name in names]) if folders and not split else pl.lit(split),
        "image_width": listed["image_width"],
        "image_height": listed["image_height"],
        "file": pl.lit(name),
        "convention": pl.lit(None),
    }
    return listed.select(pl.lit(0)).select(**columns).cast(RAW_IMAGES)


def _unique(names: pl.Series, ids: list[Id], *, folders: bool) -> pl.Series:
    """File names without folders and suffix, or with folders where they are not unique without, or with the id too."""
    whole = names.str.replace(SUFFIX, "")
    stems = whole.str.split("/").list.last() if folders else whole
    if stems.n_unique() == len(ids):
        return stems
    named = stems if stems.n_unique() == names.n_unique() else whole
    if named.n_unique() == len(ids):
        return named
    told_apart = named + pl.Series([f" (id {key})" for key in ids])
    return told_apart.zip_with(named.is_duplicated(), named)
