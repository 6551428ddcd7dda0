"""Whether a number changed: the difference against its interval, corrected over a family where it is one of many."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from biasscope.core.results import Interval, number
from biasscope.report.comparison.intervals import difference, surprise
from biasscope.report.comparison.model import Change, Status
from biasscope.report.numbers import Number

ALPHA = 0.05
EQUAL = 1e-9
"""Relative difference that is put down to rounding."""


def change(a: Number, b: Number) -> Change:
    """One number in two reports, judged by itself."""
    moved = number(b.value - a.value) if a.value is not None and b.value is not None else None
    ends = _interval(a, b)
    p = surprise(moved, ends) if moved is not None and ends is not None else None
    made = Change(
        address=b.address,
        name=b.facet.rpartition(",")[2] if b.facet and b.name == "value" else b.name,
        title=_title(b),
        status="same" if _same(a.value, b.value) else "undefined" if moved is None else "unjudged",
        a=a.value,
        b=b.value,
        row=b.row,
        interval_a=a.interval,
        interval_b=b.interval,
        n_a=a.n,
        n_b=b.n,
        unit=b.unit,
        better=b.better if a.better in (None, b.better) else None,
        whole=b.whole,
        difference=moved,
        interval=ends,
        p=p,
        q=p,
    )
    return judged(made, p)


def _title(one: Number) -> str:
    """Title of a number; of the column, and of the measure where the row is about one and the title does not say it."""
    *others, measure = one.facet.split(",")
    if one.facet and one.name != "value":
        others.append(measure)
    title = one.title or one.name
    return f"{title} ({', '.join(others).replace('_', ' ')})" if others else title


def _interval(a: Number, b: Number) -> Interval | None:
    """Interval of the difference; none where one of the two has no width, for then it says nothing about chance."""
    flat = any(one.interval is not None and one.interval.low == one.interval.high for one in (a, b))
    if a.value is None or b.value is None or (flat and not _same(a.value, b.value)):
        return None
    return difference(a.value, b.value, a.interval, b.interval)


def _same(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=EQUAL, abs_tol=1e-12)


def judged(made: Change, q: float | None) -> Change:
    """Change with its status by q; without one it stays as it is."""
    if q is None or made.difference is None or made.status == "same":
        return made
    return msgspec.structs.replace(made, q=q, status=_status(made, q))


def corrected(changes: Sequence[Change]) -> list[Change]:
    """Changes of one family: q by Benjamini and Hochberg over those that have an interval, the same ones included."""
    from biasscope.bias.testing import adjust

    if len(changes) < 2:
        return list(changes)
    found = adjust([math.nan if item.p is None else item.p for item in changes]).tolist()
    return [judged(item, None if math.isnan(q) else q) for item, q in zip(changes, found, strict=True)]


def _status(made: Change, q: float) -> Status:
    if q > ALPHA:
        return "unclear"
    if made.better is None:
        return "changed"
    return "better" if ((made.difference or 0) > 0) == (made.better == "higher") else "worse"
