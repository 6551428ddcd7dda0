"""Head numbers of the first screen: value, interval as a bar on a named range, sample size."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from biasscope.core.results import Scalar
from biasscope.report import wording

WIDTH = 200


@dataclass(frozen=True)
class Card:
    """One head number; ``at``, ``left`` and ``right`` are places on a bar of :data:`WIDTH`."""

    title: str
    value: str
    unit: str
    interval: str
    method: str
    note: str
    ends: tuple[str, str]
    zero: float
    at: float | None
    left: float | None
    right: float | None


def card(item: Scalar) -> Card:
    """Card of a scalar."""
    low, high = span(item)
    style, ends = wording.scalar_style(item), item.interval
    return Card(
        title=item.title or item.name.replace("_", " "),
        value=wording.scalar(item),
        unit=wording.unit(item),
        interval=wording.bounds(item),
        method=ends.method if ends else "",
        note=", ".join(_notes(item)),
        ends=(_end(low, style), _end(high, style)),
        zero=_place(0, low, high),
        at=None if item.value is None else _place(item.value, low, high),
        left=_place(ends.low, low, high) if ends else None,
        right=_place(ends.high, low, high) if ends else None,
    )


def span(item: Scalar) -> tuple[float, float]:
    """Range of a scalar's bar: 0 to n for counts out of n, 0 to 1 for shares and effects, else round zero.

    That of a ratio begins at 1, which is even.

    >>> span(Scalar("nonuniform", 721, n=874, unit="classes")), span(Scalar("effect", 0.2))
    ((0.0, 874.0), (0.0, 1.0))
    >>> span(Scalar("overlap", 1, unit="ratio")), span(Scalar("overlap", 25, unit="ratio"))
    ((1.0, 2.0), (1.0, 50.0))
    """
    if wording.of_family(item):
        return 0.0, float(item.n or 1)
    ends = [item.interval.low, item.interval.high] if item.interval else []
    known = [value for value in (item.value, *ends) if value is not None]
    reach = max([abs(value) for value in known], default=1.0)
    if wording.scalar_style(item) in ("signed", "points") or min(known, default=0) < 0:
        top = next((step for step in (0.05, 0.1, 0.25, 0.5, 1.0) if step >= reach), None) or _round(reach)
        return -top, top
    if item.unit == wording.RATIO and min(known, default=1) >= 1:
        return 1.0, max(2.0, _round(reach))
    return 0.0, 1.0 if reach <= 1 else _round(reach)


def _round(value: float) -> float:
    """Next larger number of one digit that is 1, 2 or 5.

    >>> [_round(value) for value in (1.3, 4.07, 730)]
    [2.0, 5.0, 1000.0]
    """
    ten = 10.0 ** math.floor(math.log10(value))
    return next(step * ten for step in (1, 2, 5, 10) if step * ten >= value)


def _end(value: float, style: str) -> str:
    """End of a bar, as short as it can be."""
    if style == "count":
        return wording.count(value)
    if style == "points":
        return f"{value * 100:+g}".replace("-", wording.MINUS)
    return (f"{value * 100:g}{wording.THIN}%" if style == "share" else f"{value:,g}").replace("-", wording.MINUS)


def _notes(item: Scalar) -> Iterator[str]:
    if item.interval:
        yield f"{item.interval.level * 100:g} % interval"
    if item.n is not None and not wording.of_family(item):
        yield f"n = {wording.count(item.n)}"


def _place(value: float, low: float, high: float) -> float:
    return round(WIDTH * min(max((value - low) / ((high - low) or 1), 0), 1), 1)
