"""Image sizes that annotations do not give: from a table of sizes, or from the headers of the image files.

Sizes are those of the stored pixel array. An EXIF orientation is not applied: annotation tools differ on it, and a box
that only fits the turned frame is reported as ``swapped``.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Protocol

import polars as pl

from biasscope.boxes.fields import whole_side
from biasscope.boxes.filenames import IMAGE_SUFFIXES, split_from, stem_of, without_suffix
from biasscope.boxes.readers.coco_images import image_names
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.source import Request
from biasscope.boxes.tablefiles import scan
from biasscope.core.errors import InputError

_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
_IMAGE = ("image_id", "file_name", "filename", "image", "imageid", "file", "path", "id", "name")
_WIDTH = ("width", "image_width", "w")
_HEIGHT = ("height", "image_height", "h")
SIZES = pl.Schema({"key": pl.String(), "table_width": pl.Int32(), "table_height": pl.Int32()})


def check_places(images: Path | None, sizes: Path | None) -> None:
    """Where sizes are to be taken from is there, whether an annotation needs them or not.

    Raises
    ------
    InputError
        There is no such folder of images, or no such file of sizes.
    """
    if images is not None and not images.is_dir():
        raise InputError("there is no such folder", where=str(images), hint="--images is a folder of images.")
    if sizes is not None and not sizes.is_file():
        raise InputError("there is no such file", where=str(sizes), hint="--sizes is a CSV, Parquet or COCO JSON file.")


def fill_sizes(images: pl.DataFrame, request: Request) -> pl.DataFrame:
    """Fill unknown sizes of a raw images frame from the request's size table, then from its image folder."""
    return Sizes(request).fill(images)


@dataclass(frozen=True)
class Sizes:
    """The size table and the image folder of a request, each opened once, when a size is unknown for the first time."""

    request: Request

    def fill(self, images: pl.DataFrame) -> pl.DataFrame:
        """Fill unknown sizes of a raw images frame."""
        if self.request.sizes is not None and images["image_width"].null_count():
            images = _from_table(images, self._table)
        if self.request.images is not None and images["image_width"].null_count():
            images = from_files(images, self._files, self.request.log)
        return images

    @cached_property
    def _table(self) -> pl.DataFrame:
        return size_table(Path(self.request.sizes or ""))

    @cached_property
    def _files(self) -> ImageFiles:
        return ImageFiles(Path(self.request.images or ""))


def size_table(path: Path) -> pl.DataFrame:
    """Image sizes from CSV, Parquet or COCO JSON, keyed by the image's name without folders and suffix.

    A name that has several sizes, as in different folders, is left out: which one is meant cannot be told.

    Raises
    ------
    InputError
        There is no such file, or it has no columns for the image, its width and its height.
    """
    check_places(None, path)
    frame = _coco_sizes(path) if path.suffix.lower() == ".json" else _table_sizes(path)
    known = frame.drop_nulls().unique(maintain_order=True)
    return known.filter(pl.col("key").is_unique())


def image_size(path: Path | BinaryIO) -> tuple[int, int]:
    """Width and height of an image from its header; no pixel is decoded.

    Raises
    ------
    InputError
        It is no image in a usual format, or claims a size that only a decompression bomb would have.
    """
    from PIL import Image

    where = str(path) if isinstance(path, Path) else ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as image:
                return image.size
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError("claims an improbable size", where=where, hint=str(error)) from error
    except (OSError, ValueError, SyntaxError) as error:
        raise InputError(f"its size cannot be read ({error})", where=where) from error


class ImageFiles:
    """Image files under a folder, found by name."""

    def __init__(self, folder: Path) -> None:
        check_places(folder, None)
        self._paths: dict[str, list[str]] = defaultdict(list)
        for found in Request(folder).files:
            if found.suffix in IMAGE_SUFFIXES:
                self._paths[stem_of(found.name)].append(found.name)
        self.folder = folder

    def find(self, image_id: str, split: str | None = None) -> Path | None:
        """File of an image; ``None`` when there is none, or several that nothing tells apart."""
        names = self._paths.get(stem_of(image_id), [])
        for wanted in (
            [name for name in names if without_suffix(name).endswith(without_suffix(image_id))],
            [name for name in names if split and any(split_from(part) == split for part in name.split("/")[:-1])],
        ):
            if len(wanted) == 1:
                return self.folder / wanted[0]
        return self.folder / names[0] if len(names) == 1 else None


class Finds(Protocol):
    """Anything that knows the files of images."""

    def find(self, image_id: str, split: str | None = None) -> Path | None:
        """File of an image; ``None`` when there is none."""


def read_sizes(
    files: Finds, images: Iterable[tuple[str, str | None]], log: RowLog
) -> list[tuple[int | None, int | None]]:
    """Sizes of images given by id and split; unknown where there is no file, or none that can be read."""
    sizes: list[tuple[int | None, int | None]] = []
    for image_id, split in images:
        path = files.find(image_id, split)
        try:
            sizes.append((None, None) if path is None else image_size(path))
        except InputError as error:
            log.add("unreadable image", error.where, error.what)
            sizes.append((None, None))
    return sizes


def from_files(images: pl.DataFrame, files: Finds, log: RowLog) -> pl.DataFrame:
    """Fill unknown sizes of a raw images frame from the headers of image files."""
    missing = images["image_width"].is_null()
    if not missing.any():
        return images
    sizes = read_sizes(files, images.filter(missing).select("image_id", "split").rows(), log)
    places = missing.arg_true()
    columns = [
        images[name].scatter(places, pl.Series([size[axis] for size in sizes], dtype=pl.Int32))
        for axis, name in enumerate(("image_width", "image_height"))
    ]
    return images.with_columns(columns)


def _from_table(images: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    keyed = images.with_columns(key=pl.col("image_id").map_elements(stem_of, return_dtype=pl.String))
    joined = keyed.join(table, on="key", how="left", maintain_order="left")
    return joined.with_columns(
        image_width=pl.coalesce("image_width", "table_width"), image_height=pl.coalesce("image_height", "table_height")
    ).select(images.columns)


def _table_sizes(path: Path) -> pl.DataFrame:
    frame = scan(path)
    names = {name.strip().lower(): name for name in frame.collect_schema().names()}
    chosen = [next((names[name] for name in options if name in names), None) for options in (_IMAGE, _WIDTH, _HEIGHT)]
    if None in chosen:
        raise InputError(
            f"columns for image, width and height were not found among {', '.join(names.values())}",
            where=str(path),
            hint="Name them image_id, width and height.",
        )
    image, width, height = (pl.col(str(name)) for name in chosen)
    sizes = [whole_side(side.cast(pl.Float64, strict=False), pl.Float64()) for side in (width, height)]
    made = frame.select(image.cast(pl.String), table_width=sizes[0], table_height=sizes[1]).collect()
    keys = pl.Series("key", [None if name is None else stem_of(name) for name in made.to_series(0)], pl.String)
    return made.select(keys, "table_width", "table_height").drop_nulls("key")


def _coco_sizes(path: Path) -> pl.DataFrame:
    return pl.DataFrame(image_names(path), schema=SIZES, orient="row", strict=False)
