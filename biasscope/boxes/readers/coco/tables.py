"""The small tables of a COCO file, images and categories, wherever in the file they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import polars.selectors as cs

from biasscope.boxes.assemble import LARGEST, size_number
from biasscope.boxes.documents.jsonarrays import BadElement, elements, keys
from biasscope.boxes.documents.jsonbuffer import BROKEN, Window, open_json
from biasscope.boxes.rowlog import RowLog
from biasscope.core.errors import InputError

SECOND = "a second list of annotations begins"
TAIL = (1 << 20, 1 << 24, 1 << 26)
Id = int | str | float
"""Some tools write whole numbers as 1.0."""
Side = float | str | None
"""Some tools write numbers as texts."""


class Image(msgspec.Struct, gc=False):
    """What is needed of an image."""

    id: Id
    file_name: str | int | None = None
    width: Side = None
    height: Side = None


class Skipped(msgspec.Struct, gc=False):
    """What is passed over."""


class _Tail(msgspec.Struct):
    images: list[Image] | None = None
    categories: list[dict[str, Any]] | None = None


LISTED = pl.Schema({"name": pl.String(), "image_width": pl.Int32(), "image_height": pl.Int32()})


@dataclass
class Tables:
    """Images and categories by their ids, and the byte at which the annotations begin.

    Attributes
    ----------
    image
        Position of each image id in the columns of ``parts``, one below the other.
    """

    image: dict[Id, int] = field(default_factory=dict)
    parts: list[pl.DataFrame] = field(default_factory=list)
    categories: dict[Id, str] = field(default_factory=dict)
    start: int | None = None
    seen: set[str] = field(default_factory=set)

    def add(self, images: list[Image], path: Path, log: RowLog) -> None:
        """Take images; the first of each id counts, others are bad rows."""
        if float in set(map(type, [image.id for image in images])):
            for image in images:
                image.id = plain_id(image.id)
        ids = {image.id: None for image in images}
        if len(ids) < len(images) or not self.image.keys().isdisjoint(ids):
            images = list(self._new(images, path, log))
        if images:
            self.image.update(zip([image.id for image in images], count(len(self.image))))
            names = [str(image.id if image.file_name in (None, "") else image.file_name) for image in images]
            sides = ([image.width for image in images], [image.height for image in images])
            self.parts.append(_listed(names, *sides))

    def _new(self, images: list[Image], path: Path, log: RowLog) -> Iterator[Image]:
        """Images whose id was not met before."""
        met = set(self.image)
        for image in images:
            if image.id not in met:
                met.add(image.id)
                yield image
            else:
                detail = f"image id {image.id} again, as {image.file_name}, {image.width} x {image.height}"
                log.add("image id listed twice", f"{path.name}:images", detail)


def plain_id(key: Id) -> Id:
    """Id as it is usually written: a whole number without decimals.

    >>> plain_id(7.0), plain_id(7.5), plain_id("7.0")
    (7, 7.5, '7.0')
    """
    return int(key) if isinstance(key, float) and key.is_integer() else key


def _listed(names: list[str], *sides: list[Side]) -> pl.DataFrame:
    """Names and sizes as columns; a side that is no whole number of pixels is unknown."""
    numbers = [list(map(size_number, side)) if str in set(map(type, side)) else side for side in sides]
    frame = pl.DataFrame([names, *numbers], dict(zip(LISTED, (pl.String, pl.Float64, pl.Float64), strict=True)))
    side = cs.float()
    return frame.with_columns(pl.when(side.is_between(1, LARGEST) & (side == side.floor())).then(side)).cast(LISTED)


def read_tables(path: Path, log: RowLog) -> Tables:
    """Images and categories of a file.

    When they stand behind the annotations, they are taken from the end of the file; when that is not enough, the
    annotations are passed over once.

    Raises
    ------
    InputError
        The file is no JSON object with images or annotations.
    """
    tables = Tables()
    with open_json(path) as file:
        window = Window(file, str(path))
        for key in keys(window):
            if key == "annotations":
                window.peek()
                if tables.start is not None:
                    raise window.error(SECOND)
                tables.start = window.offset + window.at
                if {"images", "categories"} <= tables.seen or _from_tail(path, tables, log):
                    break
                for _ in elements(window, Skipped):
                    pass
            elif key == "images":
                _take_images(tables, window, path, log)
            elif key == "categories":
                _take_categories(tables, window.value(), path, log)
            else:
                window.value()
    if "images" not in tables.seen and tables.start is None:
        raise InputError("has neither images nor annotations, so it is no COCO file", where=str(path))
    return tables


def _take_images(tables: Tables, window: Window, path: Path, log: RowLog) -> None:
    tables.seen.add("images")
    for made in elements(window, Image):
        if isinstance(made, BadElement):
            log.add("unreadable image entry", f"{path.name}:images:{made.index}", made.detail)
        else:
            tables.add(made, path, log)


def _take_categories(tables: Tables, value: object, path: Path, log: RowLog) -> None:
    tables.seen.add("categories")
    for index, item in enumerate(value if isinstance(value, list) else [], 1):
        key = item.get("id") if isinstance(item, dict) else None
        if not isinstance(key, Id):
            log.add("category without an id", f"{path.name}:categories:{index}", str(item)[:200])
            continue
        key = plain_id(key)
        given = item.get("name")
        name = str(key if given is None else given).strip()
        if BROKEN in name:
            log.add("category name with half a character", f"{path.name}:categories:{index}", f"read as {name[:200]}")
        if tables.categories.setdefault(key, name) != name:
            detail = f"category id {key} again, as {name[:200]}"
            log.add("category id listed twice", f"{path.name}:categories:{index}", detail)


def _from_tail(path: Path, tables: Tables, log: RowLog) -> bool:
    """Take the tables from the end of the file.

    A part that begins at a key and, with a brace before it, decodes as an object up to the file's end holds top-level
    keys: inside any nested object a brace would be left over.
    """
    missing = [name for name in ("images", "categories") if name not in tables.seen]
    size = path.stat().st_size
    for length in TAIL:
        with path.open("rb") as file:
            file.seek(max(0, size - length))
            data = file.read()
        places = [data.rfind(f'"{name}"'.encode()) for name in missing]
        if min(places) < 0 or data[min(places) - 1 : min(places)] == b"\\":
            continue
        if (found := _decode(data[min(places) :], missing)) is not None:
            _put(found, tables, path, log)
            return True
    return False


def _decode(data: bytes, missing: list[str]) -> _Tail | None:
    if not re.match(rb'"\w+"\s*:', data):
        return None
    try:
        found = msgspec.json.decode(b"{" + data, type=_Tail)
    except (msgspec.DecodeError, RecursionError):
        return None
    return None if any(getattr(found, name) is None for name in missing) else found


def _put(found: _Tail, tables: Tables, path: Path, log: RowLog) -> None:
    if "images" not in tables.seen:
        tables.seen.add("images")
        tables.add(found.images or [], path, log)
    if "categories" not in tables.seen:
        _take_categories(tables, found.categories, path, log)
