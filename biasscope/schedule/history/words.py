"""What the history says in words: how the last run ended, since when, and how all of them did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from biasscope.report.gates import Verdict
from biasscope.schedule.history.runs import Run
from biasscope.schedule.record import RunRecord, instant

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
    started = instant(run.record.started) if run.record else datetime.strptime(run.id[:15], "%Y%m%dT%H%M%S")
    return started.strftime("%Y-%m-%d %H:%M")


def lead(runs: Sequence[Run]) -> str:
    """How the last run ended."""
    if not runs:
        return "There is no run yet."
    last = runs[-1]
    if last.record is None:
        return f"The last run, of {moment(last)}, cannot be read."
    return f"The last run, of {moment(last)}, {_outcome(last.record)}."


def since(runs: Sequence[Run]) -> str:
    """For how long it has been like this."""
    if len(runs) < 2:
        return ""
    good = runs[-1].status == "passed"
    same = next((place for place, run in enumerate(reversed(runs)) if (run.status == "passed") != good), len(runs))
    if same == len(runs):
        return f"So did all {same:,} runs." if good else f"None of the {same:,} runs passed."
    other = runs[-same - 1]
    if good:
        streak = "It is the first to pass" if same == 1 else f"The last {same:,} runs passed"
        return f"{streak}; the run of {moment(other)} {ENDED[other.status]}."
    streak = "The run before it passed" if same == 1 else f"None of the last {same:,} runs passed"
    return f"{streak}; the last that did is that of {moment(other)}." if same > 1 else f"{streak}."


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
        where = f"{item.name}: " if len(run.record.analyses) > 1 else ""
        if item.error:
            yield f"{where}{item.error}"
        yield from (f"{where}{verdict.said}" for verdict in item.verdicts if verdict.status != "passed")
        if item.name in run.unread:
            yield f"{where}report.json cannot be read: {run.unread[item.name]}"
    yield from run.record.notes


def verdicts(record: RunRecord) -> list[Verdict]:
    """Verdicts of all analyses of a run."""
    return [verdict for item in record.analyses for verdict in item.verdicts]


def gate(verdict: Verdict) -> str:
    """What a verdict says, without the number and its value, which stand beside.

    >>> gate(Verdict("g", "shifts.a", "passed", said="shifts.a is 0.95 (0.9 to 1), must be at least 0.9"))
    'must be at least 0.9'
    """
    rest = verdict.said.removeprefix(verdict.number)
    if rest.startswith(" is ") and ", " in rest:
        return rest.partition(", ")[2]
    return rest.removeprefix(":").strip()


def _outcome(record: RunRecord) -> str:
    judged = verdicts(record)
    count = Counter(verdict.status for verdict in judged)
    if record.status == "error":
        broken = sum(item.error is not None for item in record.analyses)
        return f"could not make {broken} of {_several(len(record.analyses), 'analysis', 'analyses')}"
    if record.status == "failed":
        return f"failed {count['failed']:,} of {_several(len(judged), 'check', 'checks')}"
    if record.status == "incomparable":
        of = _several(len(judged), "check", "checks")
        return f"had nothing to be compared with in {count['incomparable']:,} of {of}"
    if not judged:
        return "went through; no gate is set"
    return f"passed all {len(judged):,} checks" if len(judged) > 1 else "passed its one check"


def _several(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
