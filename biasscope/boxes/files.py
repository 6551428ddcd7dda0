"""Files under a folder: listing them, their paths and sizes, and their first bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import overload

from biasscope.boxes.filenames import suffix_of
from biasscope.core.errors import InputError

HEAD = 1 << 16


@dataclass(slots=True, eq=False)
class Found:
    """One file under a folder: its full path, its path below the folder, its name's suffix in lower case.

    ``read`` is the number of bytes that a reader which took them all found.
    """

    path: str
    name: str
    suffix: str
    read: int | None = None
    _stat: os.stat_result | None = None

    def stat(self) -> os.stat_result:
        """Size and times as they were when they were first asked for."""
        if self._stat is None:
            self._stat = os.stat(self.path)  # noqa: PTH116 (sooner than a Path, and than a DirEntry)
        return self._stat

    def size(self) -> int:
        """Bytes that were read, or else that the file system knows of."""
        return self.stat().st_size if self.read is None else self.read


class Files(Sequence[Path]):
    """Paths made when they are asked for: making 50,000 of them takes longer than reading a cache."""

    def __init__(self, found: Sequence[Found]) -> None:
        self._found = found

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, place: int) -> Path: ...

    @overload
    def __getitem__(self, place: slice) -> list[Path]: ...

    def __getitem__(self, place: int | slice) -> Path | list[Path]:
        if isinstance(place, slice):
            return [Path(found.path) for found in self._found[place]]
        return Path(self._found[place].path)

    def sizes(self, start: int) -> list[tuple[str, int]]:
        """Names and bytes of the files from one on; those that were read or looked at are not asked for again."""
        return [(found.path.rpartition(os.sep)[2], found.size()) for found in self._found[start:]]


def listed(path: Path) -> tuple[Found, ...]:
    """Files under a folder in the order of their names; the path itself when it is a file.

    Raises
    ------
    InputError
        It is neither, or a folder that cannot be listed.
    """
    if path.is_file():
        return (Found(str(path), path.name, suffix_of(path.name)),)
    if path.exists() and not path.is_dir():
        hint = "What comes through a pipe is read more than once: write it to a file."
        raise InputError("is neither a file nor a folder", where=str(path), hint=hint)
    return tuple(sorted(_walk(str(path), ""), key=attrgetter("name")))


def head(path: str | Path, size: int = HEAD) -> bytes:
    """First bytes of a file.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error


def _walk(folder: str, prefix: str) -> Iterator[Found]:
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise InputError(f"cannot be listed ({error.strerror or error})", where=folder) from error
    for entry in entries:
        name = entry.name
        if name.startswith("."):
            continue
        # A name that is not UTF-8 opens by its bytes, but no frame could hold it.
        shown = name if name.isascii() else os.fsencode(name).decode("utf-8", "replace")
        if _is_file(entry):
            yield Found(entry.path, prefix + shown, suffix_of(name))
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{prefix}{shown}/")


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a file or leads to one; a link in a circle leads nowhere."""
    try:
        return entry.is_file()
    except OSError:
        return False
