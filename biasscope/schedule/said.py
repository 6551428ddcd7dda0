"""What a run has to say, in one sentence and in several: for pages, hooks and CI alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from biasscope.report.gates import Verdict
from biasscope.schedule.record import AnalysisRun, RunRecord

ORDER = ("error", "failed", "incomparable", "passed")
"""Outcomes by their weight: what a run is said to have come to is the first of those it has."""
MOST = 200
"""Letters of a sentence that are told in a message of one line."""


def outcome(record: RunRecord) -> str:
    """How a run ended, as the end of a sentence.

    >>> outcome(RunRecord(name="nightly", started="", finished="", status="passed", exit_code=0, analyses=[]))
    'went through; no gate is set'
    """
    judged = verdicts(record)
    count = Counter(verdict.status for verdict in judged)
    checks = several(len(judged), "check", "checks")
    broken = sum(item.error is not None for item in record.analyses)
    match record.status:
        case "error" if broken:
            return f"broke off in {broken:,} of {several(len(record.analyses), 'analysis', 'analyses')}"
        case "error":
            return "broke off"
        case "failed":
            return f"failed {count['failed']:,} of {checks}"
        case "incomparable":
            return f"had nothing to be compared with in {count['incomparable']:,} of {checks}"
    if not judged:
        return "went through; no gate is set"
    return f"passed {every(len(judged), 'check')}" if len(judged) > 1 else "passed its one check"


def sentences(record: RunRecord) -> Iterator[str]:
    """Errors, gates that failed, gates that could not be compared, and notes, each in a sentence of its own."""
    found = [pair for item in record.analyses for pair in _of_analysis(record, item)]
    yield from (said for _, said in sorted(found, key=_weight))
    yield from record.notes


def of_analysis(record: RunRecord, item: AnalysisRun) -> Iterator[str]:
    """Error of an analysis and gates that did not hold, with its name where the run has several."""
    yield from (said for _, said in sorted(_of_analysis(record, item), key=_weight))


def _of_analysis(record: RunRecord, item: AnalysisRun) -> Iterator[tuple[str, str]]:
    """What ended how, and the sentence on it."""
    where = f"{item.name}: " if len(record.analyses) > 1 else ""
    if item.error:
        yield "error", f"{where}{item.error}"
    yield from ((verdict.status, f"{where}{verdict.said}") for verdict in item.verdicts if verdict.status != "passed")


def _weight(found: tuple[str, str]) -> int:
    return ORDER.index(found[0])


def message(record: RunRecord) -> str:
    """Run in one line: what it is called, how it ended, and the first thing it has to say of that.

    >>> record = RunRecord(name="a", started="", finished="", status="error", exit_code=3, analyses=[], notes=["Full."])
    >>> message(record)
    'a broke off: Full.'
    """
    said = list(sentences(record))
    first = said[0] if said else ""
    short = first if len(first) <= MOST else f"{first[: MOST - 1]}\N{HORIZONTAL ELLIPSIS}"
    more = f" (and {len(said) - 1:,} more)" if len(said) > 1 else ""
    return f"{record.title or record.name} {outcome(record)}{f': {short}{more}' if short else ''}"


def verdicts(record: RunRecord) -> list[Verdict]:
    """Verdicts of all analyses of a run."""
    return [verdict for item in record.analyses for verdict in item.verdicts]


def several(count: int, one: str, more: str) -> str:
    """Count with its noun.

    >>> several(1, "run", "runs"), several(1200, "run", "runs")
    ('1 run', '1,200 runs')
    """
    return f"{count:,} {one if count == 1 else more}"


def every(count: int, noun: str) -> str:
    """All of so many.

    >>> every(1, "run"), every(2, "run"), every(30, "run")
    ('the one run', 'both runs', 'all 30 runs')
    """
    return f"the one {noun}" if count == 1 else f"both {noun}s" if count == 2 else f"all {count:,} {noun}s"
