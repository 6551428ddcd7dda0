"""Two reports to a comparison: every number of the one beside the number of the other at the same address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from biasscope.report.comparison import words
from biasscope.report.comparison.comparability import comparability
from biasscope.report.comparison.families import families, ordered
from biasscope.report.comparison.judging import change
from biasscope.report.comparison.model import Change, Comparison, Part, Side, Status
from biasscope.report.model import Report
from biasscope.report.numbers import Number, numbers

IGNORED = frozenset({"seconds", "seconds_per_network"})
"""Numbers that say how long it took, not what was found."""
Numbers = Mapping[str, Number]


def compare(a: Report, b: Report, names: tuple[str, str] = ("A", "B")) -> Comparison:
    """What changed from report A to report B beyond its interval.

    Parameters
    ----------
    a, b
        The earlier and the later report, or any two.
    names
        What they are called in sentences.

    Returns
    -------
    Comparison
        All scalars; of tables those numbers with an interval that differ. Reports that are not comparable are set side
        by side all the same, and the reasons are said first.

    Examples
    --------
    >>> from biasscope.core.provenance import Provenance
    >>> from biasscope.core.results import Interval, Result, Scalar
    >>> def report(value):
    ...     ends = Interval(value - 0.01, value + 0.01)
    ...     scalar = Scalar("consistency@a", value, "Consistency", ends, better="higher")
    ...     result = Result("shifts", "Found.", scalars=[scalar])
    ...     return Report("invariance", "Model", "Stable?", [], [scalar], [result], Provenance([], 0, {}, {}))
    >>> [item.status for item in compare(report(0.9), report(0.8)).headline]
    ['worse']
    """
    of_a, of_b = ({key: item for key, item in numbers(one).items() if item.name not in IGNORED} for one in (a, b))
    kinds = list(dict.fromkeys(item.result for item in (*of_b.values(), *of_a.values())))
    own = [{item.result for item in found.values()} for found in (of_a, of_b)]
    parts = [_part(kind, of_a, of_b, names) for kind in kinds if kind in own[0] & own[1]]
    reasons, headline = comparability(a, b, names), _headline(b, parts)
    counts = _counts(parts)
    only_a, only_b = ([kind for kind in kinds if kind in one - other] for one, other in (own, own[::-1]))
    return Comparison(
        question=words.question(a, b, names),
        a=Side(names[0], a.kind, a.title, a.provenance),
        b=Side(names[1], b.kind, b.title, b.provenance),
        comparable=not reasons,
        reasons=reasons,
        answer=words.answer(parts, headline, counts, names, (only_a, only_b)),
        headline=headline,
        parts=parts,
        counts=counts,
        only_a=only_a,
        only_b=only_b,
        method=words.METHOD,
    )


def _part(kind: str, a: Numbers, b: Numbers, names: tuple[str, str]) -> Part:
    ours, theirs = ({key: item for key, item in found.items() if item.result == kind} for found in (a, b))
    scalars = [change(ours[key], item) for key, item in theirs.items() if key in ours and not item.table]
    found = list(families(ours, theirs))
    only_a, only_b = _alone(ours, theirs), _alone(theirs, ours)
    finding = words.finding(scalars, found, (len(only_a), len(only_b)), names)
    return Part(result=kind, finding=finding, scalars=scalars, families=found, only_a=only_a, only_b=only_b)


def _alone(ours: Numbers, theirs: Numbers) -> list[str]:
    """Addresses that only one report has: a row without its column when all of the row is missing."""
    rows = {(item.table, item.key) for item in theirs.values()}
    found = (
        f"{item.result}.{item.table}[{item.key}]" if item.table and (item.table, item.key) not in rows else key
        for key, item in ours.items()
        if key not in theirs
    )
    return list(dict.fromkeys(found))


def _headline(report: Report, parts: Iterable[Part]) -> list[Change]:
    """Head numbers of B that A has, too, as B calls them there: a scalar need not say of which result it is."""
    found: dict[tuple[str, float | None], Change] = {}
    for part in parts:
        for item in part.scalars:
            found.setdefault((item.name, item.b), item)
    heads = [(found.get((item.name, item.value)), item.title) for item in report.headline]
    return [msgspec.structs.replace(one, title=title or one.title) for one, title in heads if one]


def _counts(parts: Iterable[Part]) -> dict[Status, int]:
    counts: Counter[Status] = Counter()
    for part in parts:
        counts.update(item.status for item in part.scalars)
        for family in part.families:
            counts.update(family.counts)
    return ordered(counts)
