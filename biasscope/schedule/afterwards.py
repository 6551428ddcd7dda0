"""What follows a run that is safe on disk: the pointer, retention, history, and who is told. None of it can undo it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from biasscope.core.errors import BiasscopeError
from biasscope.schedule import places
from biasscope.schedule.definition import Schedule
from biasscope.schedule.lock import Owner
from biasscope.schedule.record import RunRecord, instant
from biasscope.schedule.retention import retain
from biasscope.schedule.runs import Run, complete, newest, reference


def follow(schedule: Schedule, home: Path, found: Sequence[Run]) -> list[BiasscopeError]:
    """Do all that follows the last of these runs, each part whatever became of the others; gives what went wrong."""
    made = found[-1].record
    steps = (
        lambda: point(home, found),
        lambda: places.discard(home / places.CHECKPOINT),
        lambda: retain(found, schedule.report.keep, needed(schedule, home, found)),
        lambda: history(home),
    )
    problems = [problem for step in steps for problem in tried(step)]
    return problems + (tell(schedule, home, made) if made else [])


def repair(schedule: Schedule, home: Path, found: Sequence[Run], left: Owner) -> list[BiasscopeError]:
    """Finish what followed an earlier run, if its process may have died in it: it is better told twice than never."""
    problems = [problem for step in (lambda: point(home, found), lambda: history(home)) for problem in tried(step)]
    last = newest(found)
    if last and last.record and instant(last.record.finished) >= instant(left.since):
        problems += tell(schedule, home, last.record)
    return problems


def point(home: Path, found: Sequence[Run]) -> None:
    """``latest`` is the last run that has a report of every analysis; the last of all while there is none."""
    if chosen := complete(found) or found:
        places.point(home, chosen[-1].folder.name)


def needed(schedule: Schedule, home: Path, found: Sequence[Run]) -> set[str]:
    """Names of the runs that stay however many there are: that of ``latest`` and those that are compared with."""
    kind, parts = schedule.report.baseline, schedule.report.parts
    named = {run.folder.name for part in parts if (run := reference(found, kind, part.name or ""))}
    with suppress(ValueError):  # a baseline that lies elsewhere
        named |= set(schedule.beside(kind).resolve().relative_to(home.resolve()).parts[:1])
    return named | {places.latest(home) or ""}


def history(home: Path) -> None:
    """Make the page and the table of all runs again."""
    from biasscope.schedule.history import update

    with places.refusals(home):
        update(home)


def tell(schedule: Schedule, home: Path, made: RunRecord) -> list[BiasscopeError]:
    """Tell CI, and whoever asked to be told of a failure."""
    problems = []
    if schedule.report.summary:
        from biasscope.schedule.summary import append

        problems += tried(lambda: append(made))
    if schedule.report.on_failure:
        from biasscope.schedule.notify import notify

        problems += tried(lambda: notify(made, home, schedule.hook))
    return problems


def tried(step: Callable[[], object]) -> list[BiasscopeError]:
    """Error of a step, if it has one; a defect of a page must not hide that the run is safe."""
    try:
        step()
    except BiasscopeError as error:
        return [error]
    except Exception as error:
        return [defect(error)]
    return []


def defect(error: Exception) -> BiasscopeError:
    """Error that nobody has thought of."""
    return BiasscopeError(f"{type(error).__name__}: {error}", hint="This is a defect of biasscope.")
