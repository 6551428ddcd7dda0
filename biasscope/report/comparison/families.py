"""Numbers of tables in families of tests: one column, or one measure of it, over all rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from biasscope.report.comparison.judging import change, corrected
from biasscope.report.comparison.model import STATUSES, Change, Family, Status
from biasscope.report.numbers import Number

Numbers = Mapping[str, Number]
FEW = 50
"""Rows of a family up to which whole numbers without an interval are listed one by one."""
Values = tuple[float | None, ...]


def families(a: Numbers, b: Numbers) -> Iterator[Family]:
    """Families of one result, of the numbers that both reports have; those that scalars repeat as a whole are none."""
    said = _said(a, b)
    grouped: dict[tuple[str, str, str], list[Number]] = {}
    for key, item in b.items():
        if item.table and key in a:
            grouped.setdefault((item.table, item.name, item.facet), []).append(item)
    for items in grouped.values():
        if not all(_repeated(a[item.address], item, said) for item in items):
            yield _family(items[0], corrected([change(a[item.address], item) for item in items]))


def ordered(counts: Mapping[Status, int]) -> dict[Status, int]:
    """Counts in the order of the statuses, without those of none."""
    return {status: counts[status] for status in STATUSES if counts.get(status)}


def _family(one: Number, changes: list[Change]) -> Family:
    listed = [item for item in changes if item.status != "same" and _worth(item, len(changes))]
    listed.sort(key=lambda item: (1.0 if item.p is None else item.p, -abs(item.difference or 0)))
    return Family(
        table=one.table,
        name=one.name,
        title=changes[0].title,
        row=one.noun,
        counts=ordered(Counter(item.status for item in changes)),
        changes=listed,
        facet=one.facet,
        unit=one.unit,
        better=one.better,
    )


def _worth(item: Change, rows: int) -> bool:
    """Whether a difference is listed: with an interval always, a whole number in families of few rows."""
    return bool(item.interval_a or item.interval_b) or (item.whole and rows <= FEW)


def _said(a: Numbers, b: Numbers) -> dict[str | Values, Values]:
    """Values of the scalars of both reports, by name, and by themselves where they have intervals of their own."""
    found: dict[str | Values, Values] = {}
    for key, item in b.items():
        if not item.table and key in a:
            values = _values(a[key], item)
            found[item.name] = values
            if _telling(item):
                found[values] = values
    return found


def _repeated(a: Number, b: Number, said: Mapping[str | Values, Values]) -> bool:
    """Whether a scalar says the same as a cell, as ``accuracy@model`` does for the accuracy in the row of a model."""
    values = _values(a, b)
    if _telling(b) and values in said:
        return True
    parts = b.facet.split(",")
    names = (f"{b.name}@{b.row}", f"{'_'.join(parts)}@{b.row}", f"{'_'.join(reversed(parts))}@{b.row}")
    return any(said.get(name) == values for name in names)


def _values(a: Number, b: Number) -> Values:
    ends = [(one.interval.low, one.interval.high) if one.interval else (None, None) for one in (a, b)]
    return a.value, b.value, *ends[0], *ends[1]


def _telling(item: Number) -> bool:
    """Whether a number with its interval is unlikely to be another quantity by chance."""
    return item.interval is not None and item.value is not None and item.value != round(item.value, 3)
