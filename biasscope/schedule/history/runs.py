"""Runs on disk: which there are, in which order, and what of them can be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from biasscope.core.errors import InputError
from biasscope.schedule import record as records
from biasscope.schedule.history.numbers import Heading, Number, heading, numbers
from biasscope.schedule.record import AnalysisRun, RunRecord

FOLDER = re.compile(rf"{records.STAMP.pattern}(-\d+)?")
"""Names of folders that are taken for runs; links never are."""


@dataclass(frozen=True)
class Run:
    """One run: its record or why there is none, its numbers, and which of its reports cannot be read."""

    id: str
    folder: Path
    record: RunRecord | None
    problem: str = ""
    numbers: list[Number] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    stamp: str = ""

    @property
    def status(self) -> str:
        """Status of the run as the page names it."""
        return self.record.status if self.record else "unreadable"


Known = Mapping[str, tuple[str, list[Number]]]
"""Run -> stamp of its files and its numbers, as they were found the last time."""


def read_runs(folder: Path, known: Known) -> list[Run]:
    """Every run of a scheduled report, oldest first; those whose files did not change are not read again."""
    places = [place for place in folder.iterdir() if FOLDER.fullmatch(place.name) and _is_folder(place)]
    runs = [_read(place, known) for place in sorted(places)]
    made = {run.id: run.record.number for run in runs if run.record}
    return sorted(runs, key=lambda run: (_number(run, made), run.id))


def newest(run: Run, analysis: str) -> Heading | None:
    """Heading of a run's report; None when there is none that can be read."""
    item = next((item for item in run.record.analyses if item.name == analysis), None) if run.record else None
    try:
        return heading(report_of(run.folder, item).read_bytes()) if item else None
    except (OSError, ValueError, msgspec.DecodeError):
        return None


def report_of(run: Path, item: AnalysisRun) -> Path:
    """Path of the ``report.json`` of an analysis.

    Raises
    ------
    InputError
        The record names a folder outside of its run.
    """
    place = run / item.folder / "report.json"
    if not item.folder or not place.resolve().is_relative_to(run.resolve()):
        raise InputError(f"{item.folder!r} is no folder of this run", where=str(run / records.FILE))
    return place


def _is_folder(place: Path) -> bool:
    return place.is_dir() and not place.is_symlink()


def _number(run: Run, made: Mapping[str, int]) -> int:
    """Number of a run; one that cannot be read comes behind those that were started before it."""
    if run.record:
        return run.record.number
    return max((number for other, number in made.items() if other < run.id), default=0)


def _read(place: Path, known: Known) -> Run:
    try:
        record = records.read(place)
    except InputError as error:
        return Run(place.name, place, None, error.what)
    stamp = _stamp(place, record)
    before = known.get(place.name)
    if before and before[0] == stamp:
        return Run(place.name, place, record, numbers=before[1], stamp=stamp)
    found: list[Number] = []
    unread = {}
    for item in record.analyses:
        if item.folder:
            try:
                report = heading(report_of(place, item).read_bytes())
                found += numbers(place.name, record.started, item, report)
            except (OSError, ValueError, msgspec.DecodeError) as error:
                unread[item.name] = _reason(error)
    return Run(place.name, place, record, numbers=found, unread=unread, stamp="" if unread else stamp)


def _stamp(place: Path, record: RunRecord) -> str:
    """Size and time of change of every file that the numbers of a run come from."""
    files = [place / records.FILE, *(place / item.folder / "report.json" for item in record.analyses)]
    facts = [(found.st_size, found.st_mtime_ns) for file in files if file.exists() for found in [file.stat()]]
    return " ".join(f"{size}:{changed}" for size, changed in facts)


def _reason(error: Exception) -> str:
    match error:
        case InputError():
            return error.what
        case OSError():
            return error.strerror or str(error)
        case msgspec.DecodeError():
            return f"this is no report ({error})"
    return str(error)
