"""Small drawings of a comparison page: two values on one scale, a difference beside zero, all rows of A against B.

Each gives places and SVG path data; the template prints them and the style sheet colours them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from biasscope.core.results import Interval, Scalar
from biasscope.report import cards, wording
from biasscope.report.comparison import showing
from biasscope.report.comparison.model import BEYOND, Change, Family, Status

WIDTH, SIDE, HALF = 200.0, 180.0, 46.0
"""Width of a scale, side of a field of points, half the width of a difference; in units of their own."""
FARTHEST = 4.0
"""Arms of its interval that a difference is shown from zero, at most."""
FEWEST = 12
"""Rows from which all are drawn against each other."""


@dataclass(frozen=True)
class Mark:
    """One value on a scale: its place, and the ends of its interval."""

    at: float
    left: float | None = None
    right: float | None = None


@dataclass(frozen=True)
class Scale:
    """Values of A and B on one scale from ``ends[0]`` to ``ends[1]``."""

    a: Mark | None
    b: Mark | None
    ends: tuple[str, str]
    zero: float


@dataclass(frozen=True)
class Field:
    """All rows of a family as points, A to the right and B up; ``dots`` holds path data by status."""

    title: str
    words: str
    dots: dict[str, str]
    ends: tuple[str, str]
    drawn: int


def scale(item: Change) -> Scale:
    """Both values of a number on the scale that a report would give it."""
    found = [one for one in (item.interval_a, item.interval_b) if one]
    values = [value for value in (item.a, item.b) if value is not None]
    low = min([one.low for one in found] + values, default=0.0)
    high = max([one.high for one in found] + values, default=1.0)
    counted = Scalar(item.name, high, n=max(item.n_a or 0, item.n_b or 0), unit=item.unit)
    of_n = not found and wording.of_family(counted)
    low, high = cards.span(counted if of_n else msgspec.structs.replace(counted, interval=Interval(low, high)))
    named = showing.style(item)
    if named == "share" and max(values, default=0.0) <= 1:
        high = min(high, 1.0)
    show = wording.STYLES[named]
    place = _placing(low, high)
    return Scale(
        _mark(item.a, item.interval_a, place),
        _mark(item.b, item.interval_b, place),
        (show(low), show(high)),
        place(0.0),
    )


def _placing(low: float, high: float) -> Callable[[float], float]:
    return lambda value: round(WIDTH * min(max((value - low) / ((high - low) or 1), 0), 1), 1)


def _mark(value: float | None, interval: Interval | None, place: Callable[[float], float]) -> Mark | None:
    if value is None:
        return None
    ends = (place(interval.low), place(interval.high)) if interval else (None, None)
    return Mark(place(value), *ends)


def against_zero(item: Change) -> Mark | None:
    """Difference and its interval with zero in the middle, in arms of the interval; nothing without one.

    The arm is the one that points to zero, so that whatever leaves zero out changed when judged alone.
    """
    if item.difference is None or item.interval is None:
        return None
    low, high = item.difference - item.interval.low, item.interval.high - item.difference
    arm = (low if item.difference >= 0 else high) or max(low, high) or 1.0
    at, left, right = (
        round(HALF * min(max(value / arm, -FARTHEST), FARTHEST) / FARTHEST, 1)
        for value in (item.difference, item.interval.low, item.interval.high)
    )
    return Mark(at, left, right)


def field(family: Family) -> Field | None:
    """All rows of a family that differ, A against B; nothing when they are few."""
    drawn = [item for item in family.changes if item.a is not None and item.b is not None]
    if len(drawn) < FEWEST:
        return None
    values = [value for item in drawn for value in (item.a, item.b) if value is not None]
    low, high = min(values), max(values)
    show = wording.STYLES[showing.style(drawn[0])]
    dots = {
        status: _dots([item for item in drawn if item.status == status], low, high)
        for status in ("unclear", "unjudged", *BEYOND)
    }
    beyond = sum(item.status in BEYOND for item in drawn)
    words = f"{family.title}: {len(drawn):,} points from {show(low)} to {show(high)}, {beyond:,} changed"
    return Field(
        family.title, words, {key: path for key, path in dots.items() if path}, (show(low), show(high)), beyond
    )


def _dots(items: Sequence[Change], low: float, high: float) -> str:
    reach = (high - low) or 1.0
    places = ((SIDE * ((item.a or 0) - low) / reach, SIDE * (1 - ((item.b or 0) - low) / reach)) for item in items)
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)


def count_of(family: Family, *statuses: Status) -> int:
    """Numbers of a family that have one of these statuses."""
    return sum(family.counts.get(status, 0) for status in statuses)
