"""Cramér-von Mises test of U(0, 1), for all classes at once, from values or from fine bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
NO_TAIL, FAR_TAIL = 0.008, 2.5
TERMS = 6


def cramer_von_mises(values: ArrayLike) -> float:
    """W-squared of values on [0, 1]: ``1 / 12n + sum(((2i - 1) / 2n - u_(i))**2)``.

    >>> round(cramer_von_mises([0.25, 0.75]), 6)
    0.041667
    """
    ordered = np.sort(np.asarray(values, np.float64))
    n = len(ordered)
    middle = (2 * np.arange(1, n + 1) - 1) / (2 * n)
    return float(1 / (12 * n) + ((middle - ordered) ** 2).sum()) if n else float("nan")


def cramer_von_mises_binned(counts: ArrayLike) -> Floats:
    """W-squared expected of values that are spread evenly within K equal bins of [0, 1], over the last axis.

    The distribution function is exact at the bin edges. Between them it is taken as straight, and what a straight
    line leaves out, the scatter within bins, is replaced by its expectation under the null, ``1 / 6K`` for any counts.

    With 256 bins that part is 0.00065 of a statistic with null mean 1/6; its own scatter is below 0.0001.

    >>> cramer_von_mises_binned([[1, 1]]).round(6).tolist()
    [0.083333]
    """
    table = np.asarray(counts, np.float64)
    n, bins = table.sum(-1), table.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        after = np.cumsum(table, -1) / n[..., None] - np.arange(1, bins + 1) / bins
    before = np.concatenate([np.zeros((*after.shape[:-1], 1)), after[..., :-1]], -1)
    area = (before**2 + before * after + after**2).sum(-1) / (3 * bins)
    return np.asarray(n * area + 1 / (6 * bins))


def cramer_von_mises_p(statistic: ArrayLike, sizes: ArrayLike) -> Floats:
    """p-values of W-squared for samples of the given sizes; NaN where the size is 0.

    Limiting distribution and its 1/n term (Csorgo & Faraway 1996, equations 1.2 and 1.8). The term multiplies the tail,
    ``p exp(-psi / np)``, which agrees to first order and stays positive where the sum would not. Beyond ``FAR_TAIL``
    (p below 2e-6) the leading eigenvalue's tail is used, since one minus the series soon has no digits left.

    >>> cramer_von_mises_p([0.46136, 0.74346], [10**6, 10**6]).round(3).tolist()
    [0.05, 0.01]
    """
    w, n = np.broadcast_arrays(np.asarray(statistic, np.float64), np.asarray(sizes, np.float64))
    p = np.full(w.shape, np.nan)
    made = np.isfinite(w) & (n > 0)
    p[made] = 1.0
    near, far = made & (w > NO_TAIL) & (w <= FAR_TAIL), made & (w > FAR_TAIL)
    if near.any():
        limit = _limit(w[near])
        tail = 1 - limit
        p[near] = tail * np.exp(-(limit / 12 + _first_order(w[near])) / (n[near] * tail))
    p[far] = _far_tail(w[far])
    return np.asarray(np.clip(p, 0.0, 1.0))


def _limit(x: Floats) -> Floats:
    """Limiting distribution function of W-squared (equation 1.2)."""
    from scipy.special import gamma, kv

    k = np.arange(TERMS)[:, None]
    y = (4 * k + 1) ** 2 / (16 * x)
    scale = gamma(k + 0.5) / gamma(k + 1.0) * np.sqrt(4 * k + 1)
    return np.asarray((scale * np.exp(-y) * kv(0.25, y)).sum(0) / (np.pi**1.5 * np.sqrt(x)))


def _first_order(x: Floats) -> Floats:
    """The 1/n term without its part V/12 (equation 1.10), in parabolic cylinder functions of order 1/2 and 3/2."""
    from scipy.special import gamma

    k, step = np.arange(TERMS + 1)[:, None], 2 * np.sqrt(x)
    first, first_high = _cylinders((4 * k + 1) / step)
    third, _ = _cylinders((4 * k[:-1] + 3) / step)
    k = k[:-1]
    m, half = 2 * k + 1, gamma(k + 0.5)
    low = m * half * (third / 9 + 7 * (first[:-1] + first[1:]) / 144) / x**0.75
    high = (half * first_high[:-1] / 72 + (m + 2) * gamma(k + 1.5) * first_high[1:] / 6) / x**1.25
    return np.asarray(-((low + high) / gamma(k + 1.0)).sum(0) / np.pi)


def _cylinders(y: Floats) -> tuple[Floats, Floats]:
    """``exp(-y**2 / 4)`` times the parabolic cylinder functions of order 1/2 and 3/2, for y > 0.

    In Bessel functions K (Abramowitz & Stegun 1964, 19.15.10 and 19.15.11), which are evaluated far sooner.
    """
    from scipy.special import kv

    z = y**2 / 4
    quarter, three, five = (kv(order / 4, z) for order in (1, 3, 5))
    scale = np.exp(-z) * (y / 2) ** 1.5 / np.sqrt(np.pi)
    return scale * (quarter + three), scale * (y / 2) * (2 * quarter + 3 * three - five)


def _far_tail(x: Floats) -> Floats:
    """Tail of a sum of chi-squares with weights 1 / (j pi)^2: that of the first, times prod(1 - 1 / j^2)^(-1/2)."""
    from scipy.special import erfc

    return np.asarray(np.sqrt(2) * erfc(np.pi * np.sqrt(x / 2)))
