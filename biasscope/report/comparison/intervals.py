"""Interval of the difference of two numbers that each have their own, and how surprising the difference is.

The numbers are taken as independent: on each side the distances from the values to the ends of their intervals, brought
to one level, are squared, added and rooted (square-and-add; Zou and Donner, Statistics in Medicine 27, 2008). When both
reports look at the same pictures or boxes the numbers move together, and the interval is then too wide, never too
narrow.
"""

from __future__ import annotations

from math import hypot
from statistics import NormalDist

from biasscope.core.results import Interval, interval

LEVEL = 0.95
METHOD = "square-and-add"
_NORMAL = NormalDist()


def difference(a: float, b: float, of_a: Interval | None, of_b: Interval | None) -> Interval | None:
    """Interval of ``b - a`` at 95 %; ``None`` when neither number has an interval.

    A number without an interval counts as exact.

    >>> found = difference(0.5, 0.8, Interval(0.4, 0.6), Interval(0.7, 0.9))
    >>> round(found.low, 4), round(found.high, 4)
    (0.1586, 0.4414)
    """
    if of_a is None and of_b is None:
        return None
    (down_a, up_a), (down_b, up_b) = _arms(a, of_a), _arms(b, of_b)
    return interval(b - a - hypot(down_b, up_a), b - a + hypot(up_b, down_a), level=LEVEL, method=METHOD)


def surprise(change: float, ends: Interval) -> float:
    """Two-sided p of a change, from the arm of its interval that points to zero, taken as normal.

    >>> round(surprise(0.196, Interval(0.0, 0.392)), 3)
    0.05
    """
    arm = change - ends.low if change > 0 else ends.high - change
    if change == 0 or arm <= 0:
        return 1.0 if change == 0 else 0.0
    return 2 * _NORMAL.cdf(-abs(change) / arm * _quantile(ends.level))


def _arms(value: float, ends: Interval | None) -> tuple[float, float]:
    """Distances to the ends, never negative, at 95 %."""
    if ends is None:
        return 0.0, 0.0
    scale = _quantile(LEVEL) / _quantile(ends.level) if ends.level != LEVEL else 1.0
    return max(0.0, value - ends.low) * scale, max(0.0, ends.high - value) * scale


def _quantile(level: float) -> float:
    return _NORMAL.inv_cdf((1 + min(max(level, 0.01), 0.9999)) / 2)
