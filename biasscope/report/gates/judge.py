"""Judging a report by its gates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from biasscope.report.comparison.comparability import comparability
from biasscope.report.gates.bounds import absolute, worsening
from biasscope.report.gates.gate import Gate, Verdict
from biasscope.report.model import Report
from biasscope.report.numbers import Number, matching, nearest, numbers

Numbers = Mapping[str, Number]


def judge(
    report: Report, gates: Sequence[Gate], baseline: Report | None = None, *, allow_incomparable: bool = False
) -> list[Verdict]:
    """Verdicts of gates on the numbers of a report, in the order of the gates: one for each number and bound.

    A number that is missing or undefined fails. A gate with ``may_worsen_by`` is incomparable when there is no
    baseline, when the baseline has no such number, or when it is about different data, models or options;
    ``allow_incomparable`` then judges all the same, and what has nothing to be judged against passes.

    Raises
    ------
    UsageError
        ``may_worsen_by`` on a number without a direction and no ``better``; or a ``better`` that contradicts the
        number's own direction.

    Examples
    --------
    >>> from biasscope.core.provenance import Provenance
    >>> from biasscope.core.results import Result, Scalar
    >>> result = Result("shifts", "Found.", scalars=[Scalar("consistency@a", 0.87, better="higher")])
    >>> report = Report("invariance", "Title", "Question?", [], [], [result], Provenance([], 0, {}, {}))
    >>> [verdict.status for verdict in judge(report, [Gate(number="shifts.consistency@*", at_least=0.9)])]
    ['failed']
    """
    found = numbers(report)
    against = numbers(baseline) if baseline else None
    relative = any(gate.may_worsen_by is not None for gate in gates)
    reasons = comparability(baseline, report, ("the baseline", "this report")) if baseline and relative else []
    if allow_incomparable:
        reasons = []
    return [
        verdict
        for gate in gates
        for verdict in (
            *_absolute(gate, found),
            *_relative(gate, found, against, reasons, allowed=allow_incomparable),
        )
    ]


def _absolute(gate: Gate, found: Numbers) -> Iterator[Verdict]:
    if gate.at_least is None and gate.at_most is None:
        return
    names = matching(gate.number, found)
    if not names:
        yield _missing(gate, found)
    for name in names:
        yield from absolute(gate, found[name])


def _relative(
    gate: Gate, found: Numbers, against: Numbers | None, reasons: Sequence[str], *, allowed: bool
) -> Iterator[Verdict]:
    if gate.may_worsen_by is None:
        return
    names = matching(gate.number, found)
    gone = [name for name in matching(gate.number, against or {}) if name not in found]
    if not names and not gone:
        yield _missing(gate, found)
    for name in names:
        yield worsening(gate, found[name], against, reasons, allowed=allowed)
    for name in gone:
        said = f"{name} is not in this report, but in the baseline"
        yield Verdict(str(gate), name, "failed", baseline=(against or {})[name].value, said=said)


def _missing(gate: Gate, found: Numbers) -> Verdict:
    near = nearest(gate.number, found)
    hint = f"; the nearest is {near}" if near else ""
    return Verdict(str(gate), gate.number, "failed", said=f"{gate.number} is not in the report{hint}")
