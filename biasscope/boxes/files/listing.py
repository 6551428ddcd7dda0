"""Files under a folder: listing them, their paths and sizes, their first bytes, and all that many of them hold."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import overload

from biasscope.boxes.files.names import suffix_of
from biasscope.boxes.files.walk import walk
from biasscope.core.ahead import ahead
from biasscope.core.errors import InputError
from biasscope.core.words import legible

HEAD = BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Found:
    """One file under a folder: its full path, and its path below the folder."""

    path: str
    name: str

    @property
    def suffix(self) -> str:
        """Suffix of the name in lower case."""
        return suffix_of(self.name)


class Listing(Sequence[Found]):
    """Files in columns, each made an object when it is asked for: 50,000 objects take longer than reading a cache.

    ``bytes`` is the size of each as a reader found it or as the file system knows it, -1 while nobody has looked.
    ``broken`` names links that lead to no file.

    >>> Listing(["/a/b.xml", "/a/c.XML"], ["b.xml", "c.XML"]).suffixes
    ['.xml', '.xml']
    """

    def __init__(self, paths: Sequence[str], names: Sequence[str], broken: Sequence[str] = ()) -> None:
        self.paths, self.names, self.broken = paths, names, broken
        self.bytes = array("q", [-1]) * len(names)

    @classmethod
    def of(cls, files: Iterable[Found]) -> Listing:
        """Columns of files."""
        chosen = list(files)
        return cls([found.path for found in chosen], [found.name for found in chosen])

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Found]:
        return map(Found, self.paths, self.names)

    @overload
    def __getitem__(self, place: int) -> Found: ...

    @overload
    def __getitem__(self, place: slice) -> list[Found]: ...

    def __getitem__(self, place: int | slice) -> Found | list[Found]:
        if isinstance(place, slice):
            return list(map(Found, self.paths[place], self.names[place]))
        return Found(self.paths[place], self.names[place])

    @cached_property
    def suffixes(self) -> list[str]:
        """Suffix of each name in lower case."""
        return list(map(suffix_of, self.names))

    def without(self, path: Path) -> Listing:
        """The files but for one, whichever way it is named."""
        stat, suffix = path.stat(), suffix_of(path.name)
        alike = [place for place, own in enumerate(self.suffixes) if own == suffix]
        same = {place for place in alike if os.path.samestat(os.stat(self.paths[place]), stat)}  # noqa: PTH116
        return Listing.of(found for place, found in enumerate(self) if place not in same) if same else self

    def looked_at(self) -> tuple[array[int], array[int]]:
        """Size and time of last change (in nanoseconds) of each file, as the file system knows them now."""
        times = array("q")
        for place, stat in enumerate(ahead(os.stat, self.paths)):  # sooner than of a Path, and than of a DirEntry
            self.bytes[place] = stat.st_size
            times.append(stat.st_mtime_ns)
        return self.bytes, times


class Files(Sequence[Path]):
    """Paths made when they are asked for."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing

    def __len__(self) -> int:
        return len(self._listing)

    @overload
    def __getitem__(self, place: int) -> Path: ...

    @overload
    def __getitem__(self, place: slice) -> list[Path]: ...

    def __getitem__(self, place: int | slice) -> Path | list[Path]:
        paths = self._listing.paths[place]
        return Path(paths) if isinstance(paths, str) else list(map(Path, paths))

    def sizes(self, start: int) -> list[tuple[str, int]]:
        """Names and bytes of the files from one on; those that were read or looked at are not asked for again."""
        paths = self._listing.paths[start:]
        known = zip(paths, self._listing.bytes[start:], strict=True)
        sizes = [os.stat(path).st_size if size < 0 else size for path, size in known]  # noqa: PTH116
        return list(zip([path.rpartition(os.sep)[2] for path in paths], sizes, strict=True))


def listed(path: Path) -> Listing:
    """Files under a folder in the order of their names; the path itself when it is a file.

    Links are followed: see :mod:`biasscope.boxes.files.walk`.

    Raises
    ------
    InputError
        It is neither, or a folder that cannot be listed.
    """
    if path.is_file():
        return Listing([str(path)], [legible(path.name)])
    if path.exists() and not path.is_dir():
        hint = "What comes through a pipe is read more than once: write it to a file."
        raise InputError("is neither a file nor a folder", where=str(path), hint=hint)
    broken = list[str]()
    found = sorted(walk(str(path), broken), key=itemgetter(0))
    return Listing([place for _, place in found], [name for name, _ in found], sorted(broken))


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


def contents(paths: Sequence[str]) -> Iterator[bytes]:
    """What each file holds, in their order; a disk that keeps the caller waiting is asked for several at a time.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    return ahead(_content, paths)


def _content(path: str) -> bytes:
    # os.open and os.read spare the several calls that an io object costs: the opens are much of the time.
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            data = os.read(descriptor, BLOCK)
            if len(data) == BLOCK:
                data += b"".join(iter(lambda: os.read(descriptor, BLOCK), b""))
            return data
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=path) from error
