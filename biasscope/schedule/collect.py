"""The scheduled reports that paths name; one that cannot be read stops no other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from biasscope.core.errors import UsageError
from biasscope.schedule.definition import Schedule, read_schedule
from biasscope.schedule.runner import broken_off

OUTPUT = "output"
"""Folder beside the files of reports, unless another is named."""


@dataclass(frozen=True)
class Found:
    """One file: its report and the folder for output, or the error that reading it gave."""

    name: str
    schedule: Schedule | None = None
    output: Path = Path(OUTPUT)
    error: UsageError | None = None


def collect(paths: Sequence[Path], output: Path | None = None) -> list[Found]:
    """Reports of files and of the TOML files that lie in folders; last those that were broken off the last time.

    A report that takes the whole process with it, again and again, thus does not keep the others from being run.

    Parameters
    ----------
    paths
        Files and folders.
    output
        Folder for all output; unless given, ``output`` beside each file.
    """
    found: dict[Path, Found] = {}
    for path in paths:
        for file in _files(path):
            if isinstance(file, Found):
                found.setdefault(path, file)
            elif (whole := Path(os.path.abspath(file))) not in found:  # noqa: PTH100 - a link has a name of its own
                found[whole] = _found(file, output, found.values())
    return sorted(found.values(), key=lambda item: item.schedule is not None and broken_off(item.output / item.name))


def _files(path: Path) -> Iterator[Path | Found]:
    """TOML files of a path; what is wrong with it, when there are none."""
    files, what = [], "there are no TOML files in it"
    try:
        files = [path] if path.is_file() else list(_inside(path))
    except FileNotFoundError:
        what = "there is no such file or folder"
    except OSError as error:
        what = f"cannot read it ({error.strerror})"
    if not files:
        hint = "Name a folder with scheduled reports, or the file of one."
        yield Found(path.name or str(path), error=UsageError(what, where=str(path), hint=hint))
    yield from files


def _inside(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.iterdir()):
        if file.suffix == ".toml" and not file.name.startswith(".") and (file.is_file() or _dangling(file)):
            yield file


def _dangling(file: Path) -> bool:
    """Whether it is a link to a file that is gone, which reading it then tells."""
    return file.is_symlink() and not file.exists()


def _found(file: Path, output: Path | None, others: Iterable[Found]) -> Found:
    place = file.absolute().parent / OUTPUT if output is None else output.absolute()
    try:
        schedule = read_schedule(file)
        for other in others:
            if other.schedule and (other.name, other.output) == (schedule.name, place):
                hint = "Rename one of them."
                what = f"{other.schedule.path} writes to the same folder {place / schedule.name}"
                raise UsageError(what, where=str(file), hint=hint)
    except UsageError as error:
        return Found(file.stem, error=error)
    return Found(schedule.name, schedule, place)
