"""All numbers of a report by address, in the order of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from biasscope.core.results import Better, Interval, Result, number
from biasscope.report.model import Report
from biasscope.report.numbers.cells import cells
from biasscope.report.numbers.number import Number

Directions = Mapping[str, Better | None]


def numbers(report: Report) -> dict[str, Number]:
    """Numbers of a report by address; NaN and infinities are undefined, as in ``report.json``.

    A cell takes its direction from its row's column ``better``, else from the scalar of the same name in its result,
    else from a scalar of that name in any result.

    Examples
    --------
    >>> from biasscope.core.provenance import Provenance
    >>> from biasscope.core.results import Scalar
    >>> result = Result("shifts", "Found.", scalars=[Scalar("consistency@a", 0.9, better="higher")])
    >>> report = Report("invariance", "Title", "Question?", [], [], [result], Provenance([], 0, {}, {}))
    >>> numbers(report)["shifts.consistency@a"].value
    0.9
    """
    everywhere = {_stem(item.name): item.better for result in report.results for item in result.scalars if item.better}
    made: dict[str, Number] = {}
    for name, result in named_results(report):
        own: Directions = everywhere | {_stem(item.name): item.better for item in result.scalars}
        for found in (*_scalars(name, result), *cells(name, result, own)):
            made.setdefault(found.address, found)
    return made


def named_results(report: Report) -> Iterator[tuple[str, Result]]:
    """Results with the names that addresses begin with: the kind, and ``kind#2`` for the second of a kind."""
    seen: Counter[str] = Counter()
    for result in report.results:
        seen[result.kind] += 1
        place = seen[result.kind]
        yield (result.kind if place == 1 else f"{result.kind}#{place}"), result


def _stem(name: str) -> str:
    return name.partition("@")[0]


def _defined(ends: Interval | None) -> Interval | None:
    """Interval with bounds that are numbers, or none."""
    return ends if ends and None not in (number(ends.low), number(ends.high)) else None


def _scalars(name: str, result: Result) -> Iterator[Number]:
    for item in result.scalars:
        yield Number(
            address=f"{name}.{item.name}",
            result=name,
            name=item.name,
            value=number(item.value),
            title=item.title or item.name.replace("_", " "),
            interval=_defined(item.interval),
            n=item.n,
            unit=item.unit,
            better=item.better,
        )
