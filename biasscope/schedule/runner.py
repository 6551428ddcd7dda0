"""One report, run when it is due: under its lock, into a folder that appears all at once."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from biasscope.core.errors import BiasscopeError
from biasscope.core.progress import Progress
from biasscope.schedule import afterwards, places
from biasscope.schedule.analyses import Settings
from biasscope.schedule.definition import Schedule
from biasscope.schedule.due import Due, due
from biasscope.schedule.lock import BusyError, Owner, locked, owner
from biasscope.schedule.making import Clock, clock, make
from biasscope.schedule.record import RunRecord, instant
from biasscope.schedule.runs import Run, newest, runs

State = Literal["passed", "failed", "incomparable", "error", "not due", "busy"]


@dataclass(frozen=True)
class Outcome:
    """What came of one report: how it ended or why it was not run, its folder, and what went wrong besides."""

    name: str
    state: State
    exit_code: int = 0
    why: str = ""
    record: RunRecord | None = None
    folder: Path | None = None
    problems: list[str] = field(default_factory=list)


def perform(
    schedule: Schedule,
    output: Path,
    *,
    forced: bool = False,
    settings: Settings | None = None,
    progress: Progress | None = None,
    now: Clock = clock,
) -> Outcome:
    r"""Run a report if it is due and nobody else runs it.

    Parameters
    ----------
    schedule
        The report.
    output
        Folder in which the report has its own, made when missing.
    forced
        Run it although it is not due.
    settings
        What the command line says.
    progress
        Shows what is going on; silent by default.
    now
        Gives the present moment.

    Returns
    -------
    Outcome
        Whatever happens to the report is told by it, also that nothing could be written.

    Examples
    --------
    >>> from biasscope.schedule.definition import read_schedule
    >>> folder = getfixture("tmp_path")
    >>> text = 'title = "Digits"\nquestion = "dataset"\nsource = "me"\n[dataset]\nleakage = false\n'
    >>> _ = (folder / "digits.toml").write_text(text)
    >>> _ = (folder / "nightly.toml").write_text('title = "N"\nevery = "P1D"\nanalyses = ["digits.toml"]\n')
    >>> schedule = read_schedule(folder / "nightly.toml")
    >>> perform(schedule, folder / "output").state
    'passed'
    """
    settings = settings or Settings()
    try:
        home = places.home(output, schedule.name)
        found = when(schedule, runs(home), now())
        if not (forced or found.now or broken_off(home)):
            return Outcome(schedule.name, "not due", why=found.why)
        with locked(home) as left:
            return _locked(schedule, home, left, forced, settings, progress or Progress(), now)
    except BusyError as error:
        return Outcome(schedule.name, "busy", why=str(error), problems=_overdue(schedule, error.owner, now()))
    except Exception as error:  # what is wrong with one report stops no other
        if settings.debug:
            traceback.print_exc()
        return _unwritten(schedule, output / schedule.name, error, now())


def when(schedule: Schedule, found: Sequence[Run], now: datetime) -> Due:
    """Whether a report with these runs is due."""
    last = newest(found)
    return due(schedule.report.timetable, last.started if last else None, now)


def broken_off(home: Path) -> bool:
    """Whether a process has left something unfinished in a report's folder, dead or still at it."""
    with suppress(OSError):  # who may not read it is told when the report is run
        return home.is_dir() and (owner(home) is not None or bool(places.leftovers(home)))
    return False


def _locked(
    schedule: Schedule,
    home: Path,
    left: Owner | None,
    forced: bool,
    settings: Settings,
    progress: Progress,
    now: Clock,
) -> Outcome:
    """Run a report whose lock is held, unless another process did meanwhile."""
    notes = _cleaned(home, left)
    earlier = runs(home)
    problems = afterwards.repair(schedule, home, earlier, left) if left else []
    started = now()
    found = when(schedule, earlier, started)
    if not forced and not found.now:
        said = [*notes, *map(str, problems)]
        return Outcome(schedule.name, "not due", _worst(0, problems), found.why, problems=said)
    notes += [found.why] if found.set_back else []
    notes += [f"an earlier run is passed over: {run.problem}" for run in earlier if not run.record]
    folder, made = make(schedule, home, earlier, notes, settings, progress, started, now)
    problems += afterwards.follow(schedule, home, [*earlier, Run(folder, made)])
    code = _worst(made.exit_code, problems)
    return Outcome(schedule.name, made.status, code, record=made, folder=folder, problems=[str(p) for p in problems])


def _overdue(schedule: Schedule, holder: Owner | None, now: datetime) -> list[str]:
    """What is to be said of a run that goes on while it is due again: it may hang."""
    if holder is None or not holder.alive or instant(holder.since) >= schedule.report.timetable.last(now):
        return []
    return [f"process {holder.pid} runs it since {holder.since}, and it is due again; end that process if it hangs"]


def _cleaned(home: Path, left: Owner | None) -> list[str]:
    """What is to be said of a run that was broken off; its leftovers are removed."""
    by = f" by process {left.pid}, which no longer runs," if left else ""
    return [f"a run that was begun{by} was broken off; what it left is removed"] if places.clean(home) else []


def _worst(code: int, problems: Sequence[BiasscopeError]) -> int:
    return max([code, *(problem.exit_code for problem in problems)])


def _unwritten(schedule: Schedule, home: Path, error: Exception, now: datetime) -> Outcome:
    """Outcome of a report of which nothing could be written; whoever asked to be told is told all the same."""
    known = error if isinstance(error, BiasscopeError) else afterwards.defect(error)
    made = RunRecord(
        name=schedule.name,
        title=schedule.report.title,
        number=0,
        started=now.isoformat(),
        finished=now.isoformat(),
        status="error",
        exit_code=known.exit_code,
        analyses=[],
        notes=[str(known)],
    )
    said = [str(problem) for problem in afterwards.tell(schedule, home, made)]
    return Outcome(schedule.name, "error", known.exit_code, why=str(known), problems=said)
