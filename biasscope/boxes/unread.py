"""Files of a folder that were not read: an error when another reader knows them, else a sentence for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

from biasscope.boxes.archive import is_archive
from biasscope.boxes.files import Found, head
from biasscope.boxes.registry import READERS, detector
from biasscope.boxes.schema import BoxTable
from biasscope.boxes.source import Request
from biasscope.core.errors import InputError

LOOKED_AT = 1000
"""Files of each suffix that are shown to the other readers."""
NAMED = 5
_DATA = (".xml", ".json", ".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".arrow", ".feather", ".ipc")
_PACKED = (".zip", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar")
_DEEP = 1000


def with_unread(table: BoxTable, request: Request, *, named: bool) -> BoxTable:
    """Return the table, with a note on the annotation-like files of the folder that it was not made of.

    Raises
    ------
    InputError
        The format was not named, and another reader knows one of these files.
    """
    if not request.path.is_dir() or table.format == "huggingface":
        return table
    unread = _unread(table, request)
    if not unread:
        return table
    looked: Counter[str] = Counter()
    for found in unread:
        looked[found.suffix] += 1
        if looked[found.suffix] > LOOKED_AT:
            continue
        other = None if named else _known_to(found, request, table.format)
        if other:
            raise InputError(
                f"{found.name} looks like the format {other}, other files like {table.format}",
                where=str(request.path),
                hint="Name the one to read with --format-in, or give files or subfolders.",
            )
    plain = [found.name for found in unread if found.suffix in _DATA or named]
    if not plain:
        return table
    more = f" and {len(plain) - NAMED} more" if len(plain) > NAMED else ""
    note = f"Not read, as they are not {table.format}: {', '.join(plain[:NAMED])}{more}."
    return replace(table, notes=(*table.notes, note))


def reason(request: Request) -> str:
    """Why nothing may have recognised a file: how it is packed, its encoding, or its depth; empty when none shows."""
    begin = head(request.files[0].path)
    suffix = request.files[0].suffix
    if suffix == ".json" and (begin.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in begin[:4]):
        return "the file is not UTF-8 (it looks like UTF-16 or UTF-32): convert it to UTF-8"
    if suffix == ".json" and begin.count(b"[") + begin.count(b"{") > _DEEP + begin.count(b"]") + begin.count(b"}"):
        return "the file is nested too deeply"
    if suffix == ".xml" and begin.count(b"<") > _DEEP + 2 * begin.count(b"</") + begin.count(b"/>"):
        return "the file is nested too deeply"
    if is_archive(request.files[0].name) or suffix in _PACKED:
        return "of packed files only tables (.csv.gz) and tar archives of VOC XML are read: unpack it"
    return ""


def _unread(table: BoxTable, request: Request) -> list[Found]:
    kinds = (*_DATA, ".txt")
    if len(request.files) == len(table.files) and request.suffixes.keys() <= {*kinds}:
        return []
    asked = [found for found in request.files if found.suffix in kinds or is_archive(found.name)]
    if len(asked) == len(table.files):
        return []
    read = {str(path) for path in table.files}
    sizes = None if request.sizes is None else request.sizes.resolve()
    return [
        found
        for found in asked
        if found.path not in read
        and "class-descriptions" not in found.name
        and (sizes is None or Path(found.path).resolve() != sizes)
    ]


def _known_to(found: Found, request: Request, reader: str) -> str | None:
    """Name of a reader that knows the file; the one that passed it over does not count, except for its suffix."""
    alone = replace(request, path=Path(found.path), columns={}, only=None)
    for name in READERS:
        if name not in (reader, "huggingface") and found.suffix in READERS[name].facts["suffixes"]:
            try:
                if cast(Callable[[Request], bool], detector(name))(alone):
                    return name
            except InputError:
                continue
    return None
