"""Sizes of the images of a Hugging Face dataset: from columns, or from the header of the picture in the row."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from biasscope.boxes.assemble import size_number
from biasscope.boxes.readers.huggingface.features import Places
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.sizes.lookup import image_size
from biasscope.boxes.sizes.table import UNKNOWN, Size
from biasscope.core.errors import InputError


class RowSizes:
    """Sizes of rows that come one after the other; a picture beside columns is read only where these say nothing.

    Parameters
    ----------
    data
        The rows, without a format.
    places
        Which of their features are read.
    log
        Takes pictures that cannot be read.
    """

    def __init__(self, data: Any, places: Places, log: RowLog) -> None:
        self._data, self._places, self._log = data, places, log
        self._pictures: Any = None

    def of(self, row: Mapping[str, Any], number: int, where: str) -> Size:
        """Width and height of the image of a row, whose number counts from 1."""
        sides, image = self._places.sides, self._places.image
        width, height = (size_number(row[name]) for name in sides) if sides else UNKNOWN
        if image is None or None not in (width, height):
            return width, height
        picture = self._picture(image, number) if sides else row[image]
        if picture is None or not (picture.get("bytes") or picture.get("path")):
            return width, height
        try:
            return _header_size(picture)
        except (OSError, ValueError, SyntaxError, InputError) as error:
            self._log.add("unreadable image", where, str(error))
            return width, height

    def _picture(self, image: str, number: int) -> Any:
        if self._pictures is None:
            self._pictures = undecoded(self._data, image).select_columns([image])
            if not hasattr(self._pictures, "__len__"):  # a stream is gone through once more, as far as it is wanted
                self._pictures = enumerate(self._pictures, 1)
        if hasattr(self._pictures, "__len__"):
            return self._pictures[number - 1][image]
        return next(row[image] for place, row in self._pictures if place == number)


def undecoded(data: Any, image: str) -> Any:
    """Rows in which an image is its bytes or its path."""
    import datasets

    return data.cast_column(image, datasets.Image(decode=False))


def _header_size(image: Mapping[str, Any]) -> tuple[int, int]:
    data = image.get("bytes")
    return image_size(io.BytesIO(data) if data else Path(str(image["path"])))
