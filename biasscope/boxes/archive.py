"""Tar archives read in one pass, member by member, without writing anything to disk."""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from biasscope.boxes.schema import RowLog
from biasscope.core.errors import InputError

LARGEST_MEMBER = 1 << 26
_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2")


def is_archive(path: str | Path) -> bool:
    """Whether a name ends like a tar archive's.

    >>> is_archive("a.tar.xz"), is_archive("a.xz")
    (True, False)
    """
    return str(path).lower().endswith(_SUFFIXES)


def members(path: Path, log: RowLog, suffix: str, *, most: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the archive's regular files that end in ``suffix``; at most ``most`` of them.

    A name is only ever a name: nothing is written, whatever it says. Links are not followed and, like members above
    64 MB, are bad rows.

    Raises
    ------
    InputError
        The archive is damaged or no archive.
    """
    given = 0
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                data = _content(archive, member, path.name, suffix, log)
                if data is not None:
                    yield member.name, data
                    given += 1
                if given == most:
                    return
    except (tarfile.TarError, EOFError, lzma.LZMAError, zlib.error, OSError) as error:
        raise InputError(
            f"cannot be read as a tar archive ({error})", where=str(path), hint="Is it complete?"
        ) from error


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, suffix: str, log: RowLog) -> bytes | None:
    if not member.name.lower().endswith(suffix):
        return None
    where = f"{name}!{member.name}"
    if not member.isreg():
        if not member.isdir():
            log.add("link or device in an archive", where, "not followed")
        return None
    if member.size > LARGEST_MEMBER:
        log.add("archive member too large", where, f"{member.size} bytes")
        return None
    file = archive.extractfile(member)
    return file.read() if file is not None else None
