"""Shares of a change, with intervals over images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasscope.trace.estimate import NOTHING, Estimate

Array = NDArray[np.float64]


def share_of_change(removed: Array, change: Array, level: float = 0.95) -> Estimate:
    """Share of a change that was removed: sum of what was removed by sum of what had changed.

    Parameters
    ----------
    removed
        (N, S), with the sign of the change: what went towards the reference.
    change
        (N, S) by how much each pair had changed, with its sign; 0 for pairs that do not count.
    level
        Of the interval.

    Returns
    -------
        Value, t interval over the N images (linearised, shifts of an image belong together) and the number of images
        with a change.

    Examples
    --------
    >>> found = share_of_change(np.array([[1.0, -1.0], [2.0, 0.0]]), np.array([[2.0, -2.0], [4.0, 0.0]]))
    >>> found.value, found.low, found.n
    (0.5, 0.5, 2)
    """
    from scipy.special import stdtrit

    above, below = (np.sign(change) * removed).sum(1), np.abs(change).sum(1)
    counts = below > 0
    above, below, n = above[counts], below[counts], int(counts.sum())
    if n == 0 or not np.isfinite(above).all():
        return NOTHING
    value = float(above.sum() / below.sum())
    if n == 1:
        return Estimate(value, None, None, 1)
    residual = (above - value * below) / below.mean()
    error = float(np.sqrt((residual**2).sum() / (n * (n - 1))))
    reach = float(stdtrit(n - 1, (1 + level) / 2)) * error
    return Estimate(value, value - reach, value + reach, n)
