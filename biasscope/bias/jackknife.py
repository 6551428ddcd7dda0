"""Delete-a-group jackknife over groups of images: an interval for any statistic of counts, for all classes at once.

Images, not boxes, are put into groups (by a hash of their id), so that boxes of one image never count as independent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
METHOD = "delete-a-group jackknife over images, t"


class Estimate(NamedTuple):
    """A statistic with its interval and standard error, each of one value a class."""

    value: Floats
    low: Floats
    high: Floats
    error: Floats


class Scale(NamedTuple):
    """A scale on which a statistic is nearer to normal: onto it, back, and its slope."""

    onto: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]
    slope: Callable[[Floats], Floats]


LOGARITHM = Scale(np.log, np.exp, lambda value: 1 / value)
"""Of variances."""
FISHER = Scale(np.arctanh, np.tanh, lambda value: 1 / (1 - value**2))
"""Of correlations."""


def leave_one_out(groups: ArrayLike, axis: int = 1) -> NDArray[np.float64]:
    """Totals without each group in turn; same shape as ``groups``.

    >>> leave_one_out([[1, 2, 3]]).tolist()
    [[5.0, 4.0, 3.0]]
    """
    table = np.asarray(groups, np.float64)
    return np.asarray(table.sum(axis, keepdims=True) - table)


def jackknife(
    full: ArrayLike,
    left: ArrayLike,
    filled: ArrayLike,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    level: float = 0.95,
    scale: Scale | None = None,
) -> Estimate:
    """Interval of a statistic from its values without each group.

    ``error**2 = (H - 1) / H * sum((left - full)**2)`` over the H groups that hold anything, and a t quantile with
    H - 1 degrees of freedom (Kott 2001).

    Parameters
    ----------
    full
        Statistic of everything, shape ``(classes,)``.
    left
        Statistic without group g, shape ``(classes, groups)``.
    filled
        Whether group g holds anything of the class, shape ``(classes, groups)``.
    low, high
        Range of what is estimated; the bounds are cut to it, or to the value where that lies outside, as a variance of
        few boxes may.
    level
        Confidence level.
    scale
        Where to lay the interval (the error goes there by the slope); values at which it has no slope keep theirs.

    Examples
    --------
    The mean of one value a group: the ordinary standard error.

    >>> x = np.array([[1.0, 2.0, 3.0, 4.0]])
    >>> mean = jackknife(x.mean(1), leave_one_out(x) / 3, x > 0)
    >>> round(float(mean.error[0]), 4), round(float(x.std(ddof=1) / 2), 4)
    (0.6455, 0.6455)
    """
    from scipy.special import stdtrit

    value, without, held = np.asarray(full, np.float64), np.asarray(left, np.float64), np.asarray(filled, bool)
    groups = held.sum(-1)
    squares = np.where(held, (without - value[..., None]) ** 2, 0).sum(-1)
    degrees = np.maximum(groups - 1, 1)
    error = np.where(groups > 1, np.sqrt(degrees / (degrees + 1) * squares), np.nan)
    reach = stdtrit(degrees, (1 + level) / 2) * error
    lower, upper = (value - reach, value + reach) if scale is None else _rescaled(value, reach, scale)
    lowest, highest = np.minimum(low, value), np.maximum(high, value)
    return Estimate(value, np.clip(lower, lowest, highest), np.clip(upper, lowest, highest), error)


def _rescaled(value: Floats, reach: Floats, scale: Scale) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        middle, slope = scale.onto(value), scale.slope(value)
        lower, upper = (scale.back(middle + side * slope * reach) for side in (-1, 1))
    defined = np.isfinite(middle) & np.isfinite(slope)
    return np.where(defined, lower, value - reach), np.where(defined, upper, value + reach)
