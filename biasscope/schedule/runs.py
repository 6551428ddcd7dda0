"""The runs of a report on disk: their order, which one is the baseline, and what an older one can be compared by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from biasscope.core.errors import InputError
from biasscope.report.model import Report
from biasscope.report.reading import read_report
from biasscope.schedule.definition import KINDS
from biasscope.schedule.record import STAMP, RunRecord, instant, read

REPORT = "report.json"


@dataclass(frozen=True)
class Run:
    """A run's folder with its record, or the reason why that cannot be read."""

    folder: Path
    record: RunRecord | None
    problem: str = ""

    @property
    def started(self) -> datetime | None:
        """When it started, in UTC."""
        return None if self.record is None else instant(self.record.started)


@dataclass(frozen=True)
class Baseline:
    """Report to compare with and the name of its run; or no report and why, or what becomes of this one instead."""

    report: Report | None
    name: str | None
    said: str = ""
    broken: bool = False


def runs(home: Path) -> list[Run]:
    """Runs in the folder of a report in the order they were made.

    One that cannot be read, which may be of a newer biasscope, follows those that were started before it.

    Raises
    ------
    InputError
        The folder cannot be read.
    """
    try:
        if not home.is_dir():
            return []
        found = [_run(folder) for folder in sorted(home.iterdir()) if STAMP.fullmatch(folder.name) and _real(folder)]
    except OSError as error:
        hint = "Whoever runs the reports must be allowed to read what they write."
        raise InputError(f"cannot read its runs ({error.strerror})", where=str(home), hint=hint) from error
    return sorted(found, key=lambda run: (_number(run, found), run.folder.name))


def newest(found: Sequence[Run]) -> Run | None:
    """Run that was made last, of those that can be read."""
    return next((run for run in reversed(found) if run.record), None)


def complete(found: Sequence[Run]) -> list[Run]:
    """Runs with a report of every analysis, whether their gates held or not."""
    return [run for run in found if run.record and all(item.folder for item in run.record.analyses)]


def reference(found: Sequence[Run], kind: str, analysis: str) -> Run | None:
    """Run that a baseline of a kind (previous, passed, first) means for an analysis, if there is one.

    Runs that :func:`begins` count as passed: else none would ever pass.
    """
    having = [run for run in found if run.record and _has(run, analysis)]
    if kind == "passed":
        having = [run for run in having if run.record and (run.record.status == "passed" or begins(run.record))]
    return None if not having else having[0] if kind == "first" else having[-1]


def begins(record: RunRecord) -> bool:
    """Whether a run failed no gate and is incomparable only because there was nothing to compare with yet.

    >>> from biasscope.report.gates import Verdict
    >>> from biasscope.schedule.record import AnalysisRun
    >>> item = AnalysisRun(name="a", folder="a", verdicts=[Verdict("g", "a.b", "incomparable")])
    >>> made = RunRecord(name="n", started="", finished="", status="incomparable", exit_code=3, analyses=[item])
    >>> begins(made)
    True
    """
    waiting = [item for item in record.analyses if any(verdict.status != "passed" for verdict in item.verdicts)]
    return record.status == "incomparable" and all(item.baseline is None for item in waiting)


def baseline(found: Sequence[Run], kind: str, analysis: str, path: Path) -> Baseline:
    """Report of an analysis to compare with: of an earlier run, or of the folder or file ``path``."""
    if kind not in KINDS:
        return _given(path, analysis, kind)
    run = reference(found, kind, analysis)
    if run is None:
        first = "later runs are compared with the first that fails no gate"
        return Baseline(None, None, first if kind == "passed" else "the next run is compared with this one")
    return _read(run.folder / analysis / REPORT, run.folder.name)


def _given(path: Path, analysis: str, text: str) -> Baseline:
    """Baseline from the folder of a run, from a folder with one report, or from its file; ``text`` is what was said."""
    places = (path / analysis / REPORT, path / REPORT, path)
    return _read(next((place for place in places if place.is_file()), places[1]), _name(path, text))


def _name(path: Path, text: str) -> str:
    """Name of the run that a path leads to, through ``latest`` too; what was said where it leads to none."""
    return next((part for part in reversed(path.resolve().parts) if STAMP.fullmatch(part)), text)


def _read(path: Path, name: str) -> Baseline:
    try:
        return Baseline(read_report(path), name)
    except InputError as error:
        return Baseline(None, name, f"the baseline cannot be read ({error.where}: {error.what})", broken=True)


def _number(run: Run, found: Sequence[Run]) -> int:
    """Number of a run; for one that cannot be read, the largest of those that were started before it."""
    if run.record:
        return run.record.number
    return max((one.record.number for one in found if one.record and one.folder.name < run.folder.name), default=0)


def _has(run: Run, analysis: str) -> bool:
    return any(item.name == analysis and item.folder for item in run.record.analyses) if run.record else False


def _run(folder: Path) -> Run:
    try:
        return Run(folder, read(folder))
    except InputError as error:
        return Run(folder, None, str(error))


def _real(folder: Path) -> bool:
    return folder.is_dir() and not folder.is_symlink()
