"""Moment tests of uniform placement: displacement, concentration and correlation, one degree of freedom each.

Displacement and concentration are divided by their exact standard deviation under the null at that n and read off the
normal distribution; correlation is read off Student's t. From ten boxes on, nominal .05 to .0001 are exceeded by at
most a quarter (concentration at ten boxes, .0001) and mostly not reached: at small n the tests are conservative.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def displacement_p(displacement: ArrayLike, sizes: ArrayLike) -> Floats:
    """Two-sided p of ``mean(u) - 1/2``; its null variance is ``1 / 12n``.

    >>> displacement_p([0.0, 0.1], [100, 100]).round(4).tolist()
    [1.0, 0.0005]
    """
    n = np.asarray(sizes, np.float64)
    return _two_sided(np.asarray(displacement) * np.sqrt(12 * n), n > 0)


def concentration_p(concentration: ArrayLike, sizes: ArrayLike) -> Floats:
    """Two-sided p of ``12 var(u)``, the variance about the class's own mean with divisor n - 1.

    Its null mean is 1 and its null variance exactly ``2 / (n - 1) - 6 / 5n`` (the excess kurtosis of the uniform
    distribution is -6/5).

    >>> concentration_p([1.0, 0.5], [100, 100]).round(6).tolist()
    [1.0, 0.0]
    """
    n = np.asarray(sizes, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.sqrt(2 / (n - 1) - 1.2 / n)
        return _two_sided((np.asarray(concentration) - 1) / deviation, n > 1)


def correlation_p(correlation: ArrayLike, sizes: ArrayLike) -> Floats:
    """Two-sided p of the correlation of u and v: ``r sqrt((n - 2) / (1 - r**2))`` against Student's t, n - 2 degrees.

    >>> correlation_p([0.0, 0.3], [101, 101]).round(4).tolist()
    [1.0, 0.0023]
    """
    from scipy.special import stdtr

    r, n = np.asarray(correlation, np.float64), np.asarray(sizes, np.float64)
    degrees = np.maximum(n - 2, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(r) * np.sqrt(degrees / (1 - r**2))
    return np.where((n > 2) & np.isfinite(r), 2 * stdtr(degrees, -t), np.nan)


def _two_sided(z: Floats, made: NDArray[np.bool_]) -> Floats:
    from scipy.special import erfc

    return np.where(made, erfc(np.abs(z) / np.sqrt(2)), np.nan)
