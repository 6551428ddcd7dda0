"""Writing that never leaves half a report: everything goes to a temporary sibling and is renamed."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from biasscope.core.errors import OutputError

ANOTHER = "Choose another folder with --output."


def check_folder(folder: Path) -> None:
    """Refuse a folder in which nothing could be written, before hours are spent on what is to stand there.

    Nothing is left behind, and the folder is not made.

    Raises
    ------
    OutputError
        It cannot be made or written.

    Examples
    --------
    >>> check_folder(Path("/dev/null/report"))
    Traceback (most recent call last):
    biasscope.core.errors.OutputError: /dev/null/report: cannot write the report (Not a directory). Choose another...
    """
    try:
        there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
        Path(tempfile.mkdtemp(prefix=".biasscope-", dir=there)).rmdir()
    except OSError as error:
        raise OutputError(_reason(error), where=str(folder), hint=ANOTHER) from error


def write_files(
    folder: Path, contents: Mapping[str, bytes], *, mode: int = 0o644, without: Collection[str] = ()
) -> list[Path]:
    """Write files into ``folder`` (made when missing): all of them are complete on disk before the first is renamed.

    ``mode`` says who may read them: everybody, or with ``0o600`` the user alone. The files ``without`` go when the
    others come.

    Raises
    ------
    OutputError
        The folder cannot be made or written, or the disk is full. What was there before is untouched.
    """
    try:
        made = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".biasscope-", dir=folder))
    except OSError as error:
        raise OutputError(_reason(error), where=str(folder), hint=ANOTHER) from error
    try:
        staged = [(_stage(staging / name, data, mode), folder / name) for name, data in contents.items()]
        _swap(staged, [(folder / name, staging / f"old-{name}") for name in without])
    except OSError as error:
        raise OutputError(_reason(error), where=str(folder), hint="Nothing was changed there.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if made and not any(folder.iterdir()):
            folder.rmdir()
    return [final for _, final in staged]


def _swap(staged: list[tuple[Path, Path]], leaving: list[tuple[Path, Path]]) -> None:
    """Set files aside and others in place; those that were set aside come back where that fails."""
    for _, final in staged:
        if final.is_dir():  # before anything is replaced
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(final))
    gone: list[tuple[Path, Path]] = []
    try:
        for old, aside in leaving:
            old.replace(aside)
            gone.append((old, aside))
        for temporary, final in staged:
            temporary.replace(final)
    except OSError:
        for old, aside in gone:
            aside.replace(old)
        raise


def _stage(path: Path, data: bytes, mode: int) -> Path:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(mode)
    return path


def _reason(error: OSError) -> str:
    return f"cannot write the report ({error.strerror or error})"
