"""What so many boxes are expected to show of a distance from even, cell by cell; arrays of any shape.

Shares and deviations are those of the law the boxes are drawn from; ``n`` broadcasts against them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
TINY = 1e-12


def bits(shares: Floats, even: ArrayLike) -> Floats:
    """What each cell adds to the Jensen-Shannon divergence of shares from even ones (above 0), in bits.

    >>> bits(np.array([1.0, 0.0]), 0.5).sum().round(4).item()
    0.3113
    """
    even = np.asarray(even, np.float64)
    both = shares + even
    own = shares * np.log2(np.maximum(2 * shares / both, TINY))
    return np.asarray((own + even * np.log2(2 * even / both)) / 2)


def expected_bits(shares: Floats, n: Floats, even: ArrayLike) -> Floats:
    """Mean of what a cell adds when n boxes are drawn.

    That it gets none is taken as it is; among one or more the two points are used that have the mean, the variance and
    the skewness of their number, for which polynomials up to the third degree are exact.

    >>> expected_bits(np.full(64, 1 / 64), np.float64(10), 1 / 64).sum().round(3).item()
    0.687
    """
    p = np.clip(shares, TINY, 1 - TINY)
    mean = n * p
    variance = mean * (1 - p)
    none = np.exp(n * np.log1p(-p))
    some = 1 - none
    first = mean / some
    spread = np.maximum(variance / some - none * first**2, TINY)
    third = variance * (1 - 2 * p) / some - 3 * none * first * variance / some + none * (1 + none) * first**3
    skew = third / spread
    root = np.sqrt(skew**2 + 4 * spread)
    up, down = (skew + root) / 2, (skew - root) / 2
    weight = -down / root
    two = [bits(np.clip((first + step) / n, 0.0, 1.0), even) for step in (down, up)]
    return np.asarray(some * ((1 - weight) * two[0] + weight * two[1]) + none * np.asarray(even) / 2)


def expected_deviation(even: Floats, off: Floats, n: Floats) -> Floats:
    """Mean size of the deviation that n boxes show: that of a normal distribution folded at 0.

    Parameters
    ----------
    even
        Places on (0, 1).
    off
        How much more of the law lies below each than of an even one.
    n
        Boxes.

    Examples
    --------
    >>> expected_deviation(np.array([0.5]), np.array([0.0]), np.float64(100)).round(4).tolist()
    [0.0399]
    """
    from scipy.special import erf

    below = even + off
    error = np.sqrt(np.maximum(below * (1 - below), TINY) / n)
    ratio = np.abs(off) / error
    return np.asarray(error * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + np.abs(off) * erf(ratio / np.sqrt(2)))
