"""`read_boxes`: detect the format of each path, read it, and put the parts together."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from biasscope.boxes.boxtable import BoxTable
from biasscope.boxes.convention import check_convention
from biasscope.boxes.files.names import told_apart
from biasscope.boxes.files.packed import NAMED
from biasscope.boxes.files.pointers import is_pointer, pointed
from biasscope.boxes.files.unread import empty, list_broken, reason, refuse_packed, with_unread
from biasscope.boxes.joined import joined
from biasscope.boxes.registry import COLUMNED, READERS, detector
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.sizes.lookup import check_places
from biasscope.boxes.sizes.unsized import places_of_sizes
from biasscope.boxes.source import FETCH, Request, check_paths, check_words
from biasscope.boxes.tables.opening import TABLES
from biasscope.core.errors import InputError, UsageError
from biasscope.core.words import first_few

HUB = "hf://"
_ADDRESS = re.compile(r"[a-z0-9]{2,}:/", re.IGNORECASE)


def read_boxes(
    *paths: str | os.PathLike[str],
    format: str = "auto",  # noqa: A002 (the word users know)
    images: str | os.PathLike[str] | None = None,
    sizes: str | os.PathLike[str] | None = None,
    split: str | None = None,
    split_column: str | None = None,
    columns: Mapping[str, str] | None = None,
    box_convention: str = "auto",
    cache: bool = True,
    stream: bool = False,
    columns_of_another: bool = False,
) -> BoxTable:
    r"""Read the boxes of one or several annotation files or folders into one table of pixel edges.

    Parameters
    ----------
    *paths
        Files or folders. A folder may hold splits in subfolders or several files; splits are read off folder and file
        names (``train2017``, ``val``, ...). ``hf://owner/name`` is a dataset of the Hugging Face hub.
    format
        Name of a reader in :data:`~biasscope.boxes.registry.READERS`, or ``auto``.
    images
        Folder with the images, to take sizes from where the annotation has none (image headers only).
    sizes
        CSV, Parquet or COCO JSON with image name, width and height, for the same purpose.
    split
        Split of all boxes, instead of what names say.
    split_column
        Column of a table that holds the split.
    columns
        For tables: which column is which, as ``{"x0": "xmin", "label": "class"}``. Paths of other formats have none.
    box_convention
        What the numbers mean (:mod:`biasscope.boxes.convention`), instead of the format's own convention.
    cache
        Whether what was parsed from many small files is kept under the user's cache folder.
    stream
        Whether memory must not grow with the number of boxes; reading is then lazy where the format allows.
    columns_of_another
        Whether the columns that are named may be those of another dataset, so that no path here need be a table.

    Returns
    -------
    BoxTable
        Boxes, images, rows that could not become boxes, and notes on what was assumed.

    Raises
    ------
    InputError
        A path does not exist, is empty, cannot be read, or is of no known format.
    UsageError
        An option is wrong.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "boxes.csv"
    >>> _ = path.write_text("image,xmin,ymin,xmax,ymax,label,width,height\na.jpg,0,0,9,9,cat,20,20\n")
    >>> read_boxes(path, box_convention="inclusive0").boxes.select("image_id", "x1").collect().rows()
    [('a', 10.0)]
    """
    if not paths:
        raise UsageError("no path was given")
    check_paths(paths)
    check_words(format=format, split=split, split_column=split_column, box_convention=box_convention)
    check_words(str | os.PathLike, images=images, sizes=sizes)
    if columns is not None and not isinstance(columns, Mapping):
        raise UsageError("is no mapping", where="columns", hint='Write it as {"x0": "xmin", "label": "class"}.')
    if format is None:
        raise UsageError("None is no format", where="format", hint='Leave it out, or say "auto".')
    check_convention(box_convention)
    pictures, sizes_file = (None if place is None else Path(place) for place in (images, sizes))
    check_places(pictures, sizes_file)
    log = RowLog()
    asked = [
        Request(
            Path(path),
            convention=box_convention,
            images=pictures,
            sizes=sizes_file,
            split=split,
            split_column=split_column,
            columns=dict(columns or {}),
            cache=cache,
            stream=stream,
            log=log,
            folder=folder,
        )
        for path, folder in zip(paths, told_apart([Path(path) for path in paths]), strict=True)
    ]
    found = [_format_of(format, request) for request in asked]
    if not columns_of_another:
        check_columns(found, columns or {}, split_column)
    tables = [_read(name, request, named=format != "auto") for name, request in zip(found, asked, strict=True)]
    table = tables[0] if len(tables) == 1 else joined(tables, log)
    return replace(table, sizes_from=places_of_sizes(pictures, sizes_file))


def detect(request: Request) -> str:
    """Name of the reader for a path.

    Raises
    ------
    InputError
        No reader, or more than one, knows what is there.
    """
    where = str(request.path)
    if not request.files:
        raise empty(request)
    if all(os.path.getsize(found.path) == 0 for found in request.files[:100]):  # noqa: PTH202 (100 stats, not objects)
        raise InputError("the file is empty" if request.path.is_file() else "its files are empty", where=where)
    possible = [name for name in READERS if not request.suffixes.keys().isdisjoint(READERS[name].facts["suffixes"])]
    names = [name for name in possible if cast(Callable[[Request], bool], detector(name))(request)]
    if "huggingface" in names:
        return "huggingface"
    if "table" in names and len(names) > 1:
        names.remove("table")
    if len(names) == 1:
        return names[0]
    if not names and request.suffixes.keys() <= {*TABLES}:
        return "table"  # whose reader says which columns it misses
    raise _undecided(names, request)


def _undecided(names: list[str], request: Request) -> InputError:
    """Error for what no reader knows, or several do."""
    where = str(request.path)
    if names:
        hint = "Name one with --format-in, or give a file or subfolder."
        return InputError(f"looks like several formats: {', '.join(names)}", where=where, hint=hint)
    if why := reason(request):
        return InputError(why, where=where)
    what = f"the format was not recognised; tried {', '.join(READERS)}"
    if request.broken:
        lost = first_few(request.broken, NAMED)
        return InputError(f"{what}; links here lead to files that are not there: {lost}", where=where, hint=FETCH)
    return InputError(what, where=where, hint="Name it with --format-in, or convert it to one of these.")


def _format_of(name: str, request: Request) -> str:
    """Name of the reader for what is asked, which is there."""
    where = str(request.path)
    if where.startswith(("hf:/", HUB)) and name == "auto":
        name = "huggingface"
    elif name != "huggingface" and not request.path.exists():
        raise InputError("there is no such file or folder", where=where, hint=_elsewhere(where))
    if request.path.is_file() and is_pointer(request.path):
        raise pointed(where)
    chosen = detect(request) if name == "auto" else name
    READERS.load(chosen)  # there is such a reader
    return chosen


def _elsewhere(where: str) -> str:
    """What to do about a path where nothing is."""
    if _ADDRESS.match(where):
        return "Fetch it first: only paths and hf://owner/name are read."
    if any(mark in where for mark in "*?["):
        return "Patterns are left to the shell, and not in quotes there: give the folder, or each of the files."
    if where.startswith("~"):
        return "The folder of the user is not put in for ~ here: write it out."
    return "For a dataset of the Hugging Face hub say --format-in huggingface, or hf://owner/name."


def check_columns(formats: Sequence[str], columns: Mapping[str, str], split_column: str | None) -> None:
    """Columns are named for tables: one of the paths is one.

    Raises
    ------
    UsageError
        None of these formats has columns that can be named.
    """
    option = "--columns" if columns else "--split-column" if split_column else ""
    if option and not {*formats} & COLUMNED:
        hint = "Name --format-in table if it is one, or leave the option."
        what = f"columns cannot be named for the format {', '.join(dict.fromkeys(formats))}"
        raise UsageError(what, where=option, hint=hint)


def _read(chosen: str, request: Request, *, named: bool) -> BoxTable:
    read = READERS.load(chosen)
    if named and chosen != "huggingface" and not request.files:
        raise empty(request)
    if chosen != "voc":
        refuse_packed(request, chosen)
    if request.path.is_dir():
        list_broken(request, READERS[chosen].facts["suffixes"])
    other = chosen not in COLUMNED and bool(request.columns or request.split_column)
    if other:
        request = replace(request, columns={}, split_column=None)
    table = cast(Callable[[Request], BoxTable], read)(request)
    if other:
        table = replace(table, notes=(*table.notes, f"Columns were named; they are those of tables, not of {chosen}."))
    return with_unread(table, request, named=named)
