"""Column cache: what was parsed from many small files, kept under the user's cache folder.

Keyed by the files' paths, sizes and modification times; one file a dataset, written whole or not at all. A cache that
cannot be written, or that is damaged, is as good as none.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import polars as pl

from biasscope import __version__
from biasscope.boxes.files.listing import Listing
from biasscope.boxes.rowlog import BadRow, RowLog
from biasscope.boxes.source import Request
from biasscope.core.errors import OutputError
from biasscope.core.files import write_files
from biasscope.core.home import home

PARSERS = 11
"""To be raised when a reader parses the same files to something else, so that no older result is taken for it."""
CHECK = 4
"""Bytes at the beginning of a cache file that tell whether the others are those that were written."""
FEW = 200
"""Below this many files parsing is as fast as looking into the cache."""


@dataclass(frozen=True)
class Parsed:
    """Raw images and raw boxes, before sizes are filled in and conventions applied."""

    images: pl.DataFrame
    boxes: pl.DataFrame
    beside: tuple[tuple[str, str], ...] = ()
    """As in BoxTable."""


class _Stored(msgspec.Struct, array_like=True):
    fingerprint: bytes
    images: bytes
    boxes: bytes
    counts: dict[str, int]
    rows: list[tuple[str, str, str]]
    beside: tuple[tuple[str, str], ...]


def folder() -> Path:
    """Cache folder of the user: ``XDG_CACHE_HOME``, else the system's usual place."""
    base = os.environ.get("XDG_CACHE_HOME")
    if base:
        return Path(base) / "biasscope" / "boxes"
    place = home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return place / "biasscope" / "boxes"


def cached(request: Request, reader: str, parse: Callable[[RowLog], Parsed]) -> Parsed:
    """Parse, or take what was parsed before from exactly these files; bad rows come along into the request's log."""
    worth = request.cache and (len(request.files) >= FEW or request.path.is_file())
    if not worth:
        return parse(request.log)
    root = str(request.path.resolve())
    key = f"{reader}\0{root}\0{request.split}".encode("utf-8", "surrogateescape")
    name = hashlib.blake2b(key, digest_size=16).hexdigest() + ".cache"
    mark = fingerprint(request.files)
    if (known := _load(folder() / name, mark)) is not None:
        parsed, log = known
    else:
        log = RowLog(keep=request.log.keep)
        parsed = parse(log)
        _store(name, mark, parsed, log)
    merge(request.log, log)
    return parsed


def fingerprint(files: Listing) -> bytes:
    """Digest of the files' names, sizes and modification times, and of these parsers."""
    sizes, times = files.looked_at()
    digest = hashlib.blake2b(f"{__version__}\0{PARSERS}\0{pl.__version__}\0{len(files)}\0".encode(), digest_size=32)
    digest.update("\0".join(files.names).encode("utf-8", "surrogateescape"))
    digest.update(sizes)
    digest.update(times)
    return digest.digest()


def merge(into: RowLog, log: RowLog) -> None:
    """Add one log to another; counts stay complete."""
    listed: dict[str, int] = {}
    for row in log.rows:
        into.add(row.reason, row.where, row.detail)
        listed[row.reason] = listed.get(row.reason, 0) + 1
    for reason, count in log.counts.items():
        into.counts[reason] += count - listed.get(reason, 0)


def _load(path: Path, mark: bytes) -> tuple[Parsed, RowLog] | None:
    try:
        data = memoryview(path.read_bytes())
        if data[:CHECK] != _check(data[CHECK:]):
            return None
        stored = msgspec.msgpack.decode(data[CHECK:], type=_Stored)
        if stored.fingerprint != mark:
            return None
        log = RowLog()
        log.counts.update(stored.counts)
        log.rows.extend(BadRow(*row) for row in stored.rows)
        images, boxes = (pl.read_ipc(io.BytesIO(part)) for part in (stored.images, stored.boxes))
        return Parsed(images, boxes, stored.beside), log
    except (Exception, pl.exceptions.PanicException):  # whatever is wrong with a cache file, the source is still there
        return None


def _store(name: str, mark: bytes, parsed: Parsed, log: RowLog) -> None:
    rows = [(row.reason, row.where, row.detail) for row in log.rows]
    stored = _Stored(mark, _bytes(parsed.images), _bytes(parsed.boxes), dict(log.counts), rows, parsed.beside)
    data = msgspec.msgpack.encode(stored)
    try:
        write_files(folder(), {name: _check(data) + data})
    except (OutputError, OSError):
        return


def _check(data: bytes | memoryview) -> bytes:
    """Checksum: a frame with one bit changed may be read as another frame, or end the process."""
    return zlib.crc32(data).to_bytes(CHECK, "big")


def _bytes(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()
