"""Object-detection datasets of the Hugging Face library: from the hub, its Parquet files, or ``save_to_disk``.

Convention
----------
``bbox`` in the objects of a row is ``[left, top, width, height]`` in pixels (COCO's), unless a convention is named:
``edges``, ``inclusive0`` and ``inclusive1`` are two corners, ``fraction`` is two corners as fractions. In listed
objects it may be a dict as ``{x, y, w, h}`` or ``{xmin, ymin, xmax, ymax}``, the latter being pixel edges. Sizes come
from columns such as ``image_width`` and ``image_height``, or ``width`` and ``height``, and where these say nothing from
the image's own header; no image is decoded. Columns of the class have the names that they have in tables; without one
all boxes are of one class. Each row is an image of its own, whatever its name, unless its ``bbox`` is one box: then
rows of one name are one image, as in a table.

Splits are called as the names of files and folders are read, ``validation`` as ``val``, but keep their own names where
two would be called the same. A column with the split of each row counts where it is named, and in Parquet files, as in
tables, also by its usual names.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.files.listing import Found
from biasscope.boxes.files.names import split_names
from biasscope.boxes.readers.huggingface.features import BOX
from biasscope.boxes.readers.huggingface.rows import Split
from biasscope.boxes.readers.huggingface.splits import DICT, of_rows
from biasscope.boxes.readers.table.columns import layout_of
from biasscope.boxes.schema import BOXES, CORNERS, IMAGES
from biasscope.boxes.source import Request
from biasscope.boxes.tables.boxcolumn import BBOX
from biasscope.boxes.tables.opening import scan
from biasscope.core.errors import InputError

NAME = "huggingface"
WHOLE = "whole"
LOOKED_AT = 8
"""Parquet files whose columns are looked at to find out what they are."""


def detect(request: Request) -> bool:
    """Folders that ``save_to_disk`` wrote, and Parquet files with boxes inside of a column, as the hub has them."""
    tables = request.of(".parquet")[:LOOKED_AT]
    return _saved(request) or any(_nested(Path(found.path), request.columns) for found in tables)


def _saved(request: Request) -> bool:
    return any(found.name.rpartition("/")[2] in ("state.json", DICT) for found in request.of(".json"))


def _files(request: Request) -> Sequence[Found]:
    """Files of a saved dataset, or Parquet files with boxes inside of a column; all where none has.

    Those whose columns cannot be read stay, so that the library says what is wrong with them.
    """
    found = request.of(".arrow", ".parquet")
    if len(found) < 2 or _saved(request):
        return found
    tables = request.of(".parquet")
    return [one for one in tables if _nested(Path(one.path), request.columns, unknown=True)] or tables


def _nested(path: Path, columns: Mapping[str, str], *, unknown: bool = False) -> bool:
    """Whether a column holds lists of boxes, or objects with boxes; a table has one box a row.

    ``unknown`` is the answer where the columns cannot be read.

    Lists beside a column with one box a row, or beside numbers that ``columns`` name, are not what is read.
    """
    try:
        kinds = scan(path).collect_schema()
    except InputError:
        return unknown
    if any(map(_objects, kinds.values())):
        return True
    boxes = [kind for name, kind in kinds.items() if name.lower() in BOX]
    lists = bool(boxes) and all(map(_boxes, boxes))
    return lists and layout_of(kinds.names()) is None and columns.keys().isdisjoint((BBOX, *CORNERS))


def _boxes(kind: pl.DataType) -> bool:
    """Whether a value is a list of lists of numbers: all boxes of an image."""
    inner = kind.inner if isinstance(kind, pl.List | pl.Array) else None
    numbers = inner.inner if isinstance(inner, pl.List | pl.Array) else None
    return isinstance(numbers, pl.DataType) and numbers.is_numeric()


def _objects(kind: pl.DataType) -> bool:
    inner = kind.inner if isinstance(kind, pl.List | pl.Array) else kind
    return isinstance(inner, pl.Struct) and any(field.name.lower() in BOX for field in inner.fields)


def read(request: Request) -> BoxTable:
    """Boxes of a dataset; every split of it. ``stream`` reads rows as they come, also from the hub.

    Raises
    ------
    InputError
        The dataset cannot be loaded or has no feature with boxes.
    """
    parts = [Split(request, name, data) for name, data in _splits(request).items()]
    if request.stream:
        boxes, images = [part.scan(0) for part in parts], [part.scan(1) for part in parts]
    else:
        made = [list(part.frames()) for part in parts]
        boxes = [pl.concat([pl.DataFrame(schema=BOXES), *(pair[0] for pair in pairs)]).lazy() for pairs in made]
        images = [pl.concat([pl.DataFrame(schema=IMAGES), *(pair[1] for pair in pairs)]).lazy() for pairs in made]
    return BoxTable(
        pl.concat(boxes),
        pl.concat(images),
        format=NAME,
        convention=", ".join(dict.fromkeys(found for part in parts for found in part.conventions)),
        files=tuple(Path(found.path) for found in _files(request)) if request.path.exists() else (),
        log=request.log,
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        own={part.own: part.source for part in parts if part.rows_are_images},
    )


def _splits(request: Request) -> dict[str | None, dict[str | None, Any]]:
    """Data of each split by its own name; all of them together where one split was asked for, or rows say theirs."""
    data = _load(request)
    if request.split is not None or any(of_rows(part.features, request) for part in data.values()):
        return {request.split: data}
    return {name: {name: part} for name, part in data.items()}


def _load(request: Request) -> dict[str | None, Any]:
    import datasets

    name = _named(request.path)
    try:
        if request.path.exists() and not _saved(request) and request.of(".parquet"):
            data: Any = datasets.load_dataset("parquet", data_files=_by_split(request), streaming=True)
        elif request.path.is_dir():
            data = datasets.load_from_disk(str(request.path))
            _validate(data)
        else:
            data = datasets.load_dataset(name, streaming=request.stream)
    except Exception as error:  # the library raises whatever its layers raise
        first = str(error).split("\n")[0]
        hint = (
            "If it needs a configuration or a login, load it with the library, save_to_disk it, and give that folder."
        )
        raise InputError(f"cannot be loaded as a Hugging Face dataset ({first})", where=name, hint=hint) from error
    if isinstance(data, Mapping):
        names = split_names(map(str, data))
        return {None if key == WHOLE else names[str(key)]: value for key, value in data.items()}
    return {request.split or request.split_of("x", stem=False): data}


def _named(path: Path) -> str:
    """Name of a dataset of the hub, also where it is said to be one of the datasets there; any other path as it is.

    >>> _named(Path("hf://owner/name")), _named(Path("hf://datasets/owner/name"))
    ('owner/name', 'owner/name')
    """
    if not str(path).startswith("hf:"):
        return str(path)
    name = str(path).removeprefix("hf:").lstrip("/")
    return name.removeprefix("datasets/") if name.count("/") > 1 else name


def _by_split(request: Request) -> dict[str, list[str]]:
    """Parquet files of each split; of none they are ``WHOLE``."""
    found: dict[str, list[str]] = {}
    for one in _files(request):
        found.setdefault(request.split_of(one.name) or WHOLE, []).append(glob.escape(one.path))
    return found


def _validate(data: Any) -> None:
    """Check offsets and texts of Arrow files, which the library trusts."""
    for part in data.values() if isinstance(data, Mapping) else (data,):
        part.data.table.validate(full=True)
