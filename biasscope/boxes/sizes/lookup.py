"""Image sizes that annotations do not give: from a table of sizes, or from the headers of the image files.

Sizes are those of the stored pixel array. An EXIF orientation is not applied: annotation tools differ on it, and a box
that only fits the turned frame is reported as ``swapped``.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap
from pathlib import Path
from typing import BinaryIO, Protocol

import polars as pl

from biasscope.boxes.files.archive import SUFFIXES
from biasscope.boxes.files.names import IMAGE_SUFFIXES, split_of_folder
from biasscope.boxes.files.pointers import is_pointer, pointed
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.sizes.names import ImageNames
from biasscope.boxes.sizes.table import UNKNOWN, Size, SizeTable, check_size_table
from biasscope.boxes.source import Request
from biasscope.core.ahead import ahead
from biasscope.core.errors import InputError

_PACKED = f"(?i)({'|'.join(map(re.escape, SUFFIXES))})!"
"""Pattern of the end of an archive's name in the place of a member, for polars."""
MANY = 8
"""Pictures of one name from which on their sizes are not compared."""
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000")


def check_places(images: Path | None, sizes: Path | None) -> None:
    """Where sizes are to be taken from is there, whether an annotation needs them or not.

    Raises
    ------
    InputError
        There is no such folder of images, or no such file of sizes, or one that begins as none.
    """
    if images is not None and not images.is_dir():
        raise InputError("there is no such folder", where=str(images), hint="--images is a folder of images.")
    if sizes is not None and not sizes.is_file():
        raise InputError("there is no such file", where=str(sizes), hint="--sizes is a CSV, Parquet or COCO JSON file.")
    if sizes is not None:
        check_size_table(sizes)


def fill_sizes(images: pl.DataFrame, request: Request) -> pl.DataFrame:
    """Fill unknown sizes of a raw images frame from the request's size table, then from its image folder."""
    return Sizes(request).fill(images)


def fill_beside(images: pl.DataFrame, request: Request) -> pl.DataFrame:
    """The same where each image has its own file: of several pictures of one name the one beside that file is meant."""
    if not images["image_width"].null_count():
        return images
    return fill_sizes(placed(images), request).with_columns(images["image_id"])


def placed(images: pl.DataFrame) -> pl.DataFrame:
    """Images by the places of their files; an archive is the folder of what it holds."""
    place = pl.col("file").str.replace(r"\.[^./]*$", "").str.replace(_PACKED, "${1}/")
    return images.with_columns(image_id=pl.when(place.str.contains("/")).then(place).otherwise("./" + place))


@dataclass(frozen=True)
class Sizes:
    """The size table and the image folder of a request, each opened once, when a size is unknown for the first time."""

    request: Request

    def fill(self, images: pl.DataFrame) -> pl.DataFrame:
        """Fill unknown sizes of a raw images frame."""
        if self.request.sizes is not None and images["image_width"].null_count():
            images = _filled(images, list(starmap(self._table.find, _unsized(images))))
        if self.request.images is not None and images["image_width"].null_count():
            images = from_files(images, self._files, self.request.log)
        return images

    @cached_property
    def _table(self) -> SizeTable:
        return SizeTable(Path(self.request.sizes or ""))

    @cached_property
    def _files(self) -> ImageFiles:
        return ImageFiles(Path(self.request.images or ""))


def image_size(path: Path | BinaryIO) -> tuple[int, int]:
    """Width and height of an image from its header; no pixel is decoded.

    Raises
    ------
    InputError
        It is no image in a usual format, or claims a size that only a decompression bomb would have.
    """
    with _improbable_raised():
        return _size_in_header(path)


@contextmanager
def _improbable_raised() -> Iterator[None]:
    """Raise where Pillow warns of a decompression bomb, in all threads: filters of warnings are of the program."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _size_in_header(path: Path | BinaryIO) -> tuple[int, int]:
    from PIL import Image

    where = str(path) if isinstance(path, Path) else ""
    try:
        with Image.open(path, formats=_FORMATS) as image:
            return image.size
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError("claims an improbable size", where=where, hint=str(error)) from error
    except (OSError, ValueError, SyntaxError) as error:
        if isinstance(path, Path) and path.is_file() and is_pointer(path):
            raise pointed(path) from error
        why = str(error) if where else str(error).replace(repr(path), "").strip()  # bytes have an address, no name
        raise InputError(f"its size cannot be read ({why})", where=where) from error


def agreed(pictures: Sequence[Path]) -> Path | None:
    """The first of pictures that may all be meant; ``None`` for none, too many, and where they are not of one size."""
    if len(pictures) < 2 or len(pictures) >= MANY:
        return pictures[0] if len(pictures) == 1 else None
    with _improbable_raised():
        sizes = {_size_or_error(path) for path in pictures}
    return pictures[0] if len(sizes) == 1 and not any(isinstance(size, InputError) for size in sizes) else None


class ImageFiles:
    """Image files under a folder, found by name."""

    def __init__(self, folder: Path) -> None:
        check_places(folder, None)
        self._paths = {found.name: found.path for found in Request(folder).files if found.suffix in IMAGE_SUFFIXES}
        self.names = ImageNames(self._paths, split_of_folder(folder))

    def find(self, image_id: str | None, split: str | None = None) -> Path | None:
        """File of an image; ``None`` when there is none, or several of different sizes that nothing tells apart."""
        names = [] if image_id is None else self.names.like(image_id, split)
        return agreed([Path(self._paths[name]) for name in names])


class Finds(Protocol):
    """Anything that knows the files of images."""

    def find(self, image_id: str, split: str | None = None) -> Path | None:
        """File of an image; ``None`` when there is none."""


def read_sizes(files: Finds, images: Iterable[tuple[str, str | None]], log: RowLog) -> list[Size]:
    """Sizes of images given by id and split; unknown where there is no file, or none that can be read."""
    sizes = list[Size]()
    with _improbable_raised():
        for size in ahead(_size_or_error, list(starmap(files.find, images))):
            if isinstance(size, InputError):
                log.add("unreadable image", size.where, size.what)
            sizes.append(UNKNOWN if isinstance(size, InputError) else size)
    return sizes


def _size_or_error(path: Path | None) -> Size | InputError:
    try:
        return UNKNOWN if path is None else _size_in_header(path)
    except InputError as error:
        return error


def from_files(images: pl.DataFrame, files: Finds, log: RowLog) -> pl.DataFrame:
    """Fill unknown sizes of a raw images frame from the headers of image files."""
    missing = _unsized(images)
    return _filled(images, read_sizes(files, missing, log)) if missing else images


def _unsized(images: pl.DataFrame) -> list[tuple[str, str | None]]:
    """Ids and splits of the images of unknown size."""
    return images.filter(pl.col("image_width").is_null()).select("image_id", "split").rows()


def _filled(images: pl.DataFrame, sizes: list[Size]) -> pl.DataFrame:
    """The frame with sizes of the images that have none."""
    places = images["image_width"].is_null().arg_true()
    columns = [
        images[name].scatter(places, pl.Series([size[axis] for size in sizes], dtype=pl.Int32))
        for axis, name in enumerate(("image_width", "image_height"))
    ]
    return images.with_columns(columns)
