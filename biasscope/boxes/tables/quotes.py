"""Rows of a CSV file whose quotes do not close: polars would count lines wrongly there, and lose what follows.

A file without quotes is only searched for one. In a file with quotes every row is checked: fields are plain, or
quoted as a whole with inner quotes doubled; a row that is neither still passes when its line has an even number of
quotes, which polars takes as they are, unless one of them ends a field before its end.
"""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, NamedTuple, cast

from biasscope.boxes.rowlog import RowLog
from biasscope.core.errors import InputError

BLOCK = 1 << 22
LARGEST_ROW = 1 << 20
LARGEST = 1 << 31
OPEN, INSIDE = "a quote is not closed", "text follows a quoted field"


class BadLine(NamedTuple):
    """A line to leave out: its number from 0 (the header's), its bytes in the file, and what is wrong with it."""

    line: int
    start: int
    end: int
    reason: str


def opened(path: Path) -> IO[bytes]:
    """Bytes of a table, decompressed when its name ends in ``.gz``."""
    return cast(IO[bytes], gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


def sound(path: Path, data: bytes | None, separator: str, log: RowLog | None) -> Path | io.BytesIO:
    """What polars can read: the file, or its bytes with bad lines emptied (and listed in the log).

    Parameters
    ----------
    path
        The file.
    data
        Its content, if it is in memory already.
    separator
        One character between fields.
    log
        Where bad lines are listed.

    Raises
    ------
    InputError
        It cannot be read or is too large to be mended in memory.
    """
    try:
        with opened(path) if data is None else io.BytesIO(data) as file:
            bad = list(bad_lines(file, separator.encode())) if _quotes(file) else []
        if not bad:
            return path if data is None else io.BytesIO(data)
        where = f"{path.name}:{bad[0].line}"
        if path.stat().st_size > LARGEST:
            raise InputError(
                f"{bad[0].reason}, and the file is too large to leave it out", where=f"{path}, row {bad[0].line}"
            )
        with opened(path) if data is None else io.BytesIO(data) as file:
            whole = file.read()
    except (OSError, EOFError) as error:
        raise InputError(f"cannot be read ({error})", where=str(path)) from error
    pieces, at = [], 0
    for one in bad:
        pieces += [whole[at : one.start], separator.encode()]
        at = one.end
        if log is not None:
            where = f"{path.name}:{one.line}"
            log.add(one.reason, where, whole[one.start : min(one.end, one.start + 100)].decode("utf-8", "replace"))
    return io.BytesIO(b"".join([*pieces, whole[at:]]))


def bad_lines(file: IO[bytes], separator: bytes) -> Iterator[BadLine]:
    r"""Lines with a quote that is not closed, or that ends a field before its end.

    >>> [bad.line for bad in bad_lines(io.BytesIO(b'a,b\n1,"x\ny"\n1,12" nail\n1,2\n'), b",")]
    [3]
    """
    pattern, goes_on, data, offset, line = _rows(separator), _going_on(separator), b"", 0, 0
    last = False
    while not last:
        more = file.read(BLOCK)
        data, last = data + (more or b"\n"), not more
        at = 0
        while True:
            found = pattern.match(data, at)
            end = found.end() if found else at
            line += data.count(b"\n", at, end)
            at = end
            stop = data.find(b"\n", at) + 1
            if not stop or (not last and len(data) - at < LARGEST_ROW):
                break  # the row may go on in the next block
            unclosed = data.count(b'"', at, stop) % 2
            if unclosed or goes_on.search(data, at, stop):
                yield BadLine(line, offset + at, offset + stop - 1, OPEN if unclosed else INSIDE)
            line, at = line + 1, stop
        data, offset = data[at:], offset + at


@lru_cache
def _rows(separator: bytes) -> re.Pattern[bytes]:
    plain = rb'[^"\r\n' + re.escape(separator) + rb"]"
    # Quoted as a whole, or plain with pairs of quotes inside, which mean nothing there. A possessive repeat goes wrong
    # before Python 3.11.5 where its body may track back (gh-106052), so that each is around or within an atomic group.
    pairs = rb'(?>(?:"' + plain + rb'*+"' + plain + rb"*+)*)"
    field = rb'(?>"(?>(?:[^"]++|"")*)"|' + plain + rb"++" + pairs + rb"|)"
    more = rb"(?>(?:" + re.escape(separator) + field + rb")*)"
    return re.compile(rb"(?:(?>" + field + more + rb"\r?\n))*+")


@lru_cache
def _going_on(separator: bytes) -> re.Pattern[bytes]:
    mark = re.escape(separator)
    return re.compile(rb"(?:^|" + mark + rb')"(?>(?:[^"]++|"")*)"[^' + mark + rb"\r\n]", re.MULTILINE)


def _quotes(file: IO[bytes]) -> bool:
    """Whether there is any quote; the file is then back at its beginning."""
    while block := file.read(BLOCK):
        if b'"' in block:
            file.seek(0)
            return True
    return False
