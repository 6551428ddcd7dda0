"""One lock a report: whoever holds it runs the report, and a process that died holds nothing.

The kernel releases a record lock when its process ends, however it ends, and children do not inherit it. The file
says who holds it, or who died holding it; it is never removed, so that two processes cannot lock two files of one name.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from biasscope.core.errors import OutputError
from biasscope.core.provenance import now

FILE = ".lock"
_MOST = 4096
_ASKED, _APART = 50, 0.01
"""How often, and how many seconds apart, the holder of a lock is asked for: it says who it is just after taking it."""
_HELD: dict[str, Owner] = {}
"""Locks of this process, since record locks do not keep its threads apart, and closing the file once gives them up."""
_GUARD = threading.Lock()


class Owner(msgspec.Struct, frozen=True):
    """A process: number, start and boot, which together come only once, and since when it holds the lock."""

    pid: int
    started: str
    boot: str
    since: str

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        if (self.started, self.boot) != (_started(self.pid), _boot()):
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


class BusyError(Exception):
    """Another process, or thread, holds the lock; ``owner`` where it is known."""

    def __init__(self, owner: Owner | None) -> None:
        self.owner = owner
        by = f"process {owner.pid} since {owner.since}" if owner and owner.alive else "another process"
        super().__init__(f"being run by {by}")


@contextmanager
def locked(folder: Path) -> Iterator[Owner | None]:
    """Hold the lock of a report's folder; gives the owner that ended without releasing it, if there was one.

    Raises
    ------
    BusyError
        Somebody else holds it.
    OutputError
        The file cannot be opened, or its file system knows no locks.
    """
    path = folder / FILE
    key = os.path.realpath(path)
    with _GUARD:
        if key in _HELD:
            raise BusyError(_HELD[key])
        _HELD[key] = me = Owner(os.getpid(), _started(os.getpid()), _boot(), now())
    try:
        number = _open(path)
        try:
            _lock(number, path)
            left = _read(number)
            _write(number, msgspec.json.encode(me))
            try:
                yield left
            finally:
                _write(number, b"")
        finally:
            os.close(number)
    finally:
        with _GUARD:
            del _HELD[key]


def owner(folder: Path) -> Owner | None:
    """Process that the lock's file names, alive or not."""
    if mine := _HELD.get(os.path.realpath(folder / FILE)):
        return mine
    try:
        number = os.open(folder / FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return _read(number)
    finally:
        os.close(number)


def _open(path: Path) -> int:
    """File of the lock, which must not be a link to one elsewhere."""
    try:
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        hint = "Choose another folder with --output, or make this one writable."
        raise OutputError(f"cannot write the lock ({error.strerror})", where=str(path), hint=hint) from error
    with suppress(OSError):  # somebody else's
        os.fchmod(number, 0o644)
    return number


def _lock(number: int, path: Path) -> None:
    """Take the lock, or say who holds it."""
    for _ in range(_ASKED):
        if _taken(number, path):
            return
        if (holder := _read(number)) and holder.alive:
            raise BusyError(holder)
        time.sleep(_APART)  # somebody takes it, or gives it up, this very moment
    raise BusyError(None)


def _taken(number: int, path: Path) -> bool:
    """Whether the lock was free and is now this process's."""
    import fcntl

    try:
        fcntl.lockf(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        hint = "Choose a folder on a disk of this machine with --output."
        raise OutputError(f"cannot lock ({error.strerror})", where=str(path), hint=hint) from error
    return True


def _read(number: int) -> Owner | None:
    with suppress(msgspec.DecodeError, OSError):
        return msgspec.json.decode(os.pread(number, _MOST, 0), type=Owner)
    return None


def _write(number: int, data: bytes) -> None:
    """Owner in the file; on a full disk the lock holds without it."""
    with suppress(OSError):
        os.ftruncate(number, 0)
        os.pwrite(number, data, 0)


def _started(pid: int) -> str:
    """Start of a process in ticks since boot, where the system tells; nothing of one that ended, asked for or not."""
    with suppress(OSError, IndexError):
        facts = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return "" if facts[0] in "ZX" else facts[19]
    return ""


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
    return ""
