"""Tar archives read in one pass, member by member, without writing anything to disk; an incomplete one is an error."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Self, cast

from biasscope.boxes.rowlog import RowLog
from biasscope.core.errors import InputError
from biasscope.core.words import legible

LARGEST_MEMBER = 1 << 26
SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2")
_BLOCK = 1 << 20
_DAMAGE = (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, OSError, ValueError)


def is_archive(path: str | Path) -> bool:
    """Whether a name ends like a tar archive's.

    >>> is_archive("a.tar.xz"), is_archive("a.xz")
    (True, False)
    """
    return str(path).lower().endswith(SUFFIXES)


def members(
    path: Path,
    log: RowLog,
    suffix: str,
    *,
    most: int | None = None,
    beside: Callable[[str, Callable[[int], bytes]], None] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the archive's regular files that end in ``suffix``; at most ``most`` of them.

    The other regular files go to ``beside``, with a function that gives their first bytes. Hidden files and those in
    hidden folders are passed over, as they are in a folder: archives written on a Mac have one beside each file.
    A name is only ever a name: nothing is written, whatever it says. Links are not followed and, like members above
    64 MB, are bad rows. Unless ``most`` ends it before, the archive is read to its end, which has to be there: the
    zero block behind the last member, and the end marker of the compressed stream.

    Raises
    ------
    InputError
        The archive is damaged, cut off (also between two members), or no archive.
    """
    given = 0
    try:
        with _opened(path) as stream, tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as archive:
            for member in archive:
                data = None
                if _hidden(member.name):
                    continue
                name = legible(member.name)
                if name.lower().endswith(suffix):
                    data = _content(archive, member, path.name, log)
                elif beside is not None and member.isreg():
                    beside(f"{path.name}!{name}", partial(_head, archive, member))
                if data is not None:
                    yield name, data
                    given += 1
                if given == most:
                    return
            if not getattr(archive, "ended", False):
                raise EOFError("it is cut off or damaged: the end of the archive is missing")
            while stream.read(_BLOCK):
                pass
    except _DAMAGE as error:
        raise InputError(
            f"cannot be read as a tar archive ({error})", where=str(path), hint="Is it complete?"
        ) from error


class _Header(tarfile.TarInfo):
    """A header that tells its archive when it was the zero block, rather than anything else that ends the loop."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile)
        except _END:
            tarfile.ended = True  # type: ignore[attr-defined]
            raise


_END: type[Exception] = tarfile.EOFHeaderError  # type: ignore[attr-defined]


def _opened(path: Path) -> IO[bytes]:
    """Bytes of the archive; these readers, unlike tarfile's own, insist on the end of the compressed stream."""
    with path.open("rb") as file:
        begin = file.read(6)
    if begin.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(path))
    if begin.startswith(b"\xfd7zXZ\0"):
        return lzma.open(path)
    if begin.startswith(b"BZh"):
        return bz2.open(path)
    return path.open("rb")


def _hidden(name: str) -> bool:
    return "." in name and any(part.startswith(".") and part.strip(".") for part in name.split("/"))


def _head(archive: tarfile.TarFile, member: tarfile.TarInfo, size: int) -> bytes:
    file = archive.extractfile(member)
    return file.read(size) if file is not None else b""


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, log: RowLog) -> bytes | None:
    where = f"{name}!{legible(member.name)}"
    if not member.isreg():
        if not member.isdir():
            log.add("link or device in an archive", where, "not followed")
        return None
    if member.size > LARGEST_MEMBER:
        log.add("archive member too large", where, f"{member.size} bytes")
        return None
    return _head(archive, member, member.size)
