"""Numbers of one run: those at the head of its reports, and those that a gate looks at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from biasscope.core.results import Better, Interval, Scalar
from biasscope.report.gates import Verdict
from biasscope.schedule.record import AnalysisRun

MOST = 20
"""Numbers that one gate with wildcards may add; where it matches more, they are in the reports alone."""
RANK = ("passed", "incomparable", "failed")


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """One number of one run: a row of ``history.parquet``.

    ``number`` is its address, as gates use it; ``status`` the worst that a gate said of it (None without a gate), and
    ``bound`` what that gate did not let it pass. ``head`` is whether it stands at the head of its report.
    """

    run: str
    started: str
    analysis: str
    number: str
    title: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    unit: str
    better: Better | None
    status: str | None
    bound: float | None
    head: bool


class _Result(msgspec.Struct, frozen=True):
    kind: str
    scalars: list[Scalar] = []


class Heading(msgspec.Struct, frozen=True):
    """What the history needs of a ``report.json``; the rest is skipped, not read."""

    kind: str
    title: str
    question: str
    headline: list[Scalar]
    results: list[_Result]


def heading(data: bytes) -> Heading:
    """Heading of a report from its JSON; raises ``msgspec.DecodeError`` when it does not conform."""
    return msgspec.json.decode(data, type=Heading)


def numbers(run: str, started: str, item: AnalysisRun, report: Heading) -> list[Number]:
    """Head numbers of a report in their order, then the other numbers that its gates look at."""
    known = addresses(report.results)
    places = {address: scalar for scalar in report.headline for address in [_address(scalar, known)]}
    head = set(places)
    for address, verdict in _gated(item.verdicts):
        places.setdefault(address, known.get(address) or _of_verdict(address, verdict))
    said = _said(item.verdicts)
    return [
        _number(run, started, item.name, address, scalar, said.get(address), head=address in head)
        for address, scalar in places.items()
    ]


def addresses(results: Sequence[_Result]) -> dict[str, Scalar]:
    """Address of every scalar, as :mod:`biasscope.report.numbers` gives it, without reading the tables."""
    seen: Counter[str] = Counter()
    found: dict[str, Scalar] = {}
    for result in results:
        seen[result.kind] += 1
        kind = result.kind if seen[result.kind] == 1 else f"{result.kind}#{seen[result.kind]}"
        for scalar in result.scalars:
            found.setdefault(f"{kind}.{scalar.name}", scalar)
    return found


def _address(scalar: Scalar, known: Mapping[str, Scalar]) -> str:
    """Where a head number comes from; the name alone when no result has it."""
    same = [address for address, other in known.items() if other == scalar]
    named = [address for address, other in known.items() if other.name == scalar.name]
    return next(iter([*same, *named]), scalar.name)


def _gated(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, Verdict]]:
    sizes = Counter(verdict.gate for verdict in verdicts)
    return ((verdict.number, verdict) for verdict in verdicts if sizes[verdict.gate] <= MOST)


def _of_verdict(address: str, verdict: Verdict) -> Scalar:
    """A number that is no scalar of the report: a cell of a table, or one that is missing."""
    return Scalar(name_in(address), verdict.value, address, interval=verdict.interval)


def name_in(address: str) -> str:
    """Name of the number at an address: what follows the kind of the result, or the row of the table.

    >>> name_in("shifts.consistency@a"), name_in("position.classes[cat, black].effect")
    ('consistency@a', 'effect')
    """
    _, row, column = address.rpartition("].")
    return column if row else address.partition(".")[2] or address


def _said(verdicts: Sequence[Verdict]) -> dict[str, Verdict]:
    """The worst verdict on each number."""
    worst: dict[str, Verdict] = {}
    for verdict in verdicts:
        other = worst.get(verdict.number)
        if other is None or RANK.index(verdict.status) > RANK.index(other.status):
            worst[verdict.number] = verdict
    return worst


def _number(
    run: str, started: str, analysis: str, address: str, scalar: Scalar, said: Verdict | None, *, head: bool
) -> Number:
    ends: Interval | None = scalar.interval
    return Number(
        run=run,
        started=started,
        analysis=analysis,
        number=address,
        title=scalar.title or scalar.name.replace("_", " "),
        value=scalar.value,
        low=ends.low if ends else None,
        high=ends.high if ends else None,
        n=scalar.n,
        unit=scalar.unit,
        better=scalar.better,
        status=said.status if said else None,
        bound=said.bound if said else None,
        head=head,
    )
