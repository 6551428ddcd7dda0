"""What the history says in words: how the last run ended, since when, and how all of them did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from biasscope.report.gates import Verdict
from biasscope.schedule.history.runs import Run
from biasscope.schedule.record import instant
from biasscope.schedule.said import every, of_analysis, outcome

SPACE = "\N{NO-BREAK SPACE}"
STATUSES = ("passed", "failed", "incomparable", "error", "unreadable")
"""How a run can end, and that its record cannot be read."""
ENDED = {
    "passed": "passed",
    "failed": "failed a gate",
    "incomparable": "had nothing to be compared with",
    "error": "broke off with an error",
    "unreadable": "cannot be read",
}


def moment(run: Run) -> str:
    """When a run was started, in UTC, to the minute; from the name of its folder where there is no record.

    >>> from pathlib import Path
    >>> moment(Run("20261121T030007Z", Path("20261121T030007Z"), None))
    '2026-11-21 03:00'
    """
    return f"{_started(run):%Y-%m-%d %H:%M}"


def day(run: Run) -> str:
    """When a run was started, as it reads within a sentence; its spaces do not break.

    >>> from pathlib import Path
    >>> day(Run("20261121T030007Z", Path("20261121T030007Z"), None)).replace(SPACE, " ")
    '21 Nov 2026, 03:00 UTC'
    """
    return f"{_started(run):%d %b %Y, %H:%M UTC}".lstrip("0").replace(" ", SPACE)


def lead(runs: Sequence[Run]) -> str:
    """How the last run ended."""
    if not runs:
        return "There is no run yet."
    last = runs[-1]
    if last.record is None:
        return f"The record of the last run ({day(last)}) cannot be read."
    return f"The last run ({day(last)}) {outcome(last.record)}."


def since(runs: Sequence[Run]) -> str:
    """For how long it has been like this."""
    if len(runs) < 2:
        return ""
    good = runs[-1].status == "passed"
    same = next((place for place, run in enumerate(reversed(runs)) if (run.status == "passed") != good), len(runs))
    if same == len(runs):
        return f"So did {every(same - 1, 'run')} before it." if good else f"None of the {same:,} runs passed."
    other = runs[-same - 1]
    if good:
        streak = "It is the first to pass again" if same == 1 else f"The last {same:,} runs passed"
        return f"{streak}; the run of {day(other)} {ENDED[other.status]}."
    if same == 1:
        return "The run before it passed."
    return f"None of the last {same:,} runs passed; the last that did is that of {day(other)}."


def tally(runs: Sequence[Run]) -> list[tuple[str, int]]:
    """How many runs ended in which way, in a fixed order, without those that none did."""
    counted = Counter(run.status for run in runs)
    return [(status, counted[status]) for status in STATUSES if counted[status]]


def said(run: Run) -> Iterator[str]:
    """What there is to say of a run: errors, gates that did not hold, reports that cannot be read, notes."""
    if run.record is None:
        yield run.problem
        return
    for item in run.record.analyses:
        yield from of_analysis(run.record, item)
        if item.name in run.unread:
            yield f"{item.name}: report.json cannot be read: {run.unread[item.name]}"
    yield from run.record.notes


def gate(verdict: Verdict, show: Callable[[float | None], str]) -> str:
    """What a verdict says, without the number and its value, which stand beside; bounds are shown as the number is.

    >>> said = "shifts.a is 0.95 (0.9 to 1), must be at least 0.9"
    >>> gate(Verdict("g", "shifts.a", "passed", bound=0.9, said=said), lambda value: f"{value:.0%}")
    'must be at least 90%'
    """
    rest = verdict.said.removeprefix(verdict.number)
    if verdict.bound is not None and verdict.baseline is not None:
        return f"must not be worse than {show(verdict.bound)}, with {show(verdict.baseline)} in the baseline"
    if verdict.bound is not None and rest.startswith(" is ") and ", must be " in rest:
        words = rest.rpartition(", ")[2]
        return words.replace(f"{verdict.bound:.6g}", show(verdict.bound))
    return rest.removeprefix(":").strip()


def _started(run: Run) -> datetime:
    return instant(run.record.started) if run.record else datetime.strptime(run.id[:15], "%Y%m%dT%H%M%S")
