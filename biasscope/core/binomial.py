"""Exact bounds of a share, and what a sample that is not of coin tosses is worth in them.

References
----------
Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26
(1934). Korn and Graubard, "Confidence intervals for proportions with small expected number of positive counts estimated
from survey data", Survey Methodology 24 (1998).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def exact_bounds(share: ArrayLike, size: ArrayLike, tail: float = 0.025) -> tuple[Floats, Floats]:
    """Exact binomial bounds of ``share * size`` successes in ``size`` tosses; neither needs to be whole.

    Parameters
    ----------
    share
        Share of successes; NaN gives NaN.
    size
        Coin tosses that tell as much.
    tail
        Probability beyond either bound.

    Examples
    --------
    None of ten, the rule of three put exactly: 1 - .025**(1/10).

    >>> low, high = exact_bounds(0.0, 10)
    >>> low.item(), high.round(4).item()
    (0.0, 0.3085)
    """
    from scipy.special import betaincinv

    part, n = np.asarray(share, np.float64), np.asarray(size, np.float64)
    wins, losses = part * n, (1 - part) * n
    with np.errstate(invalid="ignore"):
        low = np.where(wins > 0, betaincinv(wins, losses + 1, tail), wins)
    return low, upper_bound(part, n, tail)


def upper_bound(share: ArrayLike, size: ArrayLike, tail: float) -> Floats:
    """The upper one of :func:`exact_bounds`, in half the time.

    >>> upper_bound(0.0, 10, 0.025).round(4).item()
    0.3085
    """
    from scipy.special import betaincinv

    part, n = np.asarray(share, np.float64), np.asarray(size, np.float64)
    wins, losses = part * n, (1 - part) * n
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(losses > 0, betaincinv(wins + 1, losses, 1 - tail), 1 + losses))


def unseen(size: ArrayLike, level: float = 0.95) -> Floats:
    """Largest share of a law that so many draws may all have missed: fewer than ``1 - level`` of such samples do.

    >>> unseen(10).round(4).item()
    0.2589
    """
    return np.asarray(1 - (1 - level) ** (1 / np.asarray(size, np.float64)))


def coin_tosses(share: ArrayLike, variance: ArrayLike, freedom: ArrayLike, tail: float = 0.025) -> Floats:
    """Coin tosses that tell as much of a share as its variance, itself known from ``freedom`` degrees of freedom.

    Parameters
    ----------
    share, variance
        A share and its variance.
    freedom
        Degrees of freedom of the variance.
    tail
        Probability beyond either bound.

    Examples
    --------
    Where the variance is known all but exactly, R (1 - R) / v:

    >>> coin_tosses(0.5, 0.25 / 40, 1e9).round(3).item()
    40.0
    """
    from scipy.special import ndtri, stdtrit

    part, spread, degrees = (np.asarray(given, np.float64) for given in (share, variance, freedom))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(part * (1 - part) / spread * np.square(ndtri(tail) / stdtrit(degrees, tail)))
