"""Mean over pictures and its interval, where some values may be unknown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float | None, float | None, float | None]
"""Value and the ends of its 95 % interval."""
NONE: Interval = (None, None, None)


def known_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean along the last axis over what is known.

    >>> known_mean(np.array([[1.0, np.nan, 3.0]])).tolist()
    [2.0]
    """
    known = ~np.isnan(values)
    count = known.sum(-1)
    total = np.where(known, values, 0).sum(-1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def t_interval(values: NDArray[np.float64], miss: float = 0.05) -> NDArray[np.float64]:
    """Mean over rows and its t interval, (3, columns), which misses with a chance of `miss`; NaN are left out.

    >>> t_interval(np.array([[1.0], [3.0]])).round(2).ravel().tolist()
    [2.0, -10.71, 14.71]
    """
    from scipy.special import stdtrit

    count = (~np.isnan(values)).sum(0)
    mean = known_mean(values.T)
    squares = np.where(np.isnan(values), 0, (values - mean) ** 2).sum(0)
    many = count > 1
    error = np.sqrt(np.divide(squares, count * (count - 1.0), out=np.full(mean.shape, np.nan), where=many))
    reach = np.where(many, stdtrit(np.maximum(count - 1, 1), 1 - miss / 2), np.nan) * error
    return np.stack([mean, mean - reach, mean + reach])


def interval(values: NDArray[np.float64]) -> Interval:
    """Mean over a line of values and its 95 % t interval.

    >>> interval(np.array([5.0]))
    (5.0, None, None)
    """
    return known(t_interval(values[:, None])[:, 0])


def known(values: Sequence[float] | NDArray[np.float64]) -> Interval:
    """Value and ends, with ``None`` for NaN."""
    value, low, high = (None if np.isnan(part) else float(part) for part in values)
    return value, low, high
