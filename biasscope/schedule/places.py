"""Places on disk: a report's folder, a run that appears there all at once, the pointer ``latest``, and leftovers.

Names that start with a dot are not finished: ``.staging-*`` is a run being made, ``.trash-*`` one being removed,
``.checkpoint`` what a run that was broken off can be continued from. Whoever holds the
report's lock may remove them.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from biasscope.core.errors import OutputError
from biasscope.schedule.record import STAMP, stamp

LATEST = "latest"
STAGING, TRASH, POINTER = ".staging-", ".trash-", ".latest-"
CHECKPOINT = ".checkpoint"
READABLE = 0o755
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)


def home(output: Path, name: str) -> Path:
    """Folder of a report, made when missing; a link in its place would lead elsewhere and is refused.

    Raises
    ------
    OutputError
        It cannot be made, or is a link.
    """
    folder = output / name
    with refusals(folder):
        made = [place for place in (folder, *folder.parents) if not place.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        for place in made:
            place.chmod(READABLE)
    if folder.is_symlink():
        hint = "Remove it, or choose another folder with --output."
        raise OutputError("the folder of a report must not be a symbolic link", where=str(folder), hint=hint)
    return folder


def staging(folder: Path) -> Path:
    """Empty folder for a run in the making."""
    with refusals(folder):
        made = Path(tempfile.mkdtemp(prefix=STAGING, dir=folder))
        made.chmod(READABLE)
    return made


def publish(made: Path, folder: Path, moment: datetime) -> Path:
    """Give a finished run its name, all at once: its start, or the next second that is free."""
    with refusals(folder):
        for place in (made, *made.iterdir()):
            if place.is_dir():
                place.chmod(READABLE)
                _sync(place)
        while (run := folder / stamp(moment)).exists() or run.is_symlink():
            moment += timedelta(seconds=1)
        made.rename(run)
        _sync(folder)
    return run


def point(folder: Path, run: str) -> None:
    """Let ``latest`` point to a run: a relative link, or a file with its name where there are no links."""
    temporary = folder / f"{POINTER}{os.getpid()}"
    with refusals(folder / LATEST):
        try:
            with suppress(FileNotFoundError):
                temporary.unlink()
            _link(temporary, run)
            temporary.replace(folder / LATEST)
        finally:
            with suppress(OSError):
                temporary.unlink()


def latest(folder: Path) -> str | None:
    """Name of the run that ``latest`` points to; ``None`` when it points nowhere, or out of the folder."""
    pointer = folder / LATEST
    try:
        name = str(pointer.readlink()) if pointer.is_symlink() else pointer.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return name if STAMP.fullmatch(name) and (folder / name).is_dir() else None


def leftovers(folder: Path) -> list[Path]:
    """What a process that died has left: runs in the making, runs being removed, pointers."""
    return [path for path in sorted(folder.iterdir()) if path.name.startswith((STAGING, TRASH, POINTER))]


def clean(folder: Path) -> bool:
    """Remove leftovers; whether a run was among them."""
    found = leftovers(folder)
    for path in found:
        discard(path)
    return any(path.name.startswith(STAGING) for path in found)


def discard(path: Path) -> None:
    """Remove a file, a link or a whole folder; what cannot be removed is left for the next time."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def remove(run: Path) -> None:
    """Remove a run: out of sight at once, then its files."""
    trash = run.with_name(f"{TRASH}{run.name}")
    with refusals(run):
        discard(trash)
        run.rename(trash)
    discard(trash)


@contextmanager
def refusals(place: Path) -> Iterator[None]:
    """Refusals of the disk as an OutputError that names the place."""
    try:
        yield
    except OutputError:
        raise
    except OSError as error:
        hint = "What was there before is untouched."
        raise OutputError(f"cannot write ({error.strerror or error})", where=str(place), hint=hint) from error


def _link(pointer: Path, run: str) -> None:
    try:
        pointer.symlink_to(run, target_is_directory=True)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        pointer.write_text(f"{run}\n", "utf-8")


def _sync(folder: Path) -> None:
    """Have the entries of a folder on disk, where the system can."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
