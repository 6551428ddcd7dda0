"""Difference of the mean position of two sides, per class, with an interval over images."""

from __future__ import annotations

import numpy as np

from biasscope.bias.compare.energy import Floats, Ints
from biasscope.bias.jackknife import Estimate


def mean_difference(
    values: Floats, label: Ints, image: Ints, side: Ints, classes: int, *, level: float = 0.95
) -> Estimate:
    """Mean of side b minus mean of side a in every class; NaN values are left out.

    The variance of a mean over boxes is that of a ratio of sums over images,
    ``m / (m - 1) sum((total_i - mean n_i)**2) / n**2`` (Cochran, *Sampling Techniques*, section 2.11); the t quantile
    has as many degrees of freedom as the smaller side has images, less one.

    Examples
    --------
    >>> x, zero = np.array([0.0, 0.2, 0.5, 0.7]), np.zeros(4, int)
    >>> made = mean_difference(x, zero, np.arange(4), np.array([0, 0, 1, 1]), 1)
    >>> round(float(made.value[0]), 3), round(float(made.error[0]), 3)
    (0.5, 0.141)
    """
    from scipy.special import stdtrit

    held = np.isfinite(values)
    values, image, slot = values[held], image[held], (label * 2 + side)[held]
    n, total = (np.bincount(slot, weights, minlength=2 * classes) for weights in (None, values))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / n
    order = np.lexsort([image, slot])
    new = (np.diff(slot[order], prepend=-1) != 0) | (np.diff(image[order], prepend=-1) != 0)
    starts = np.flatnonzero(new)
    residual = values[order] - mean[slot[order]]
    of_image = np.add.reduceat(residual, starts) if len(starts) else residual
    owner = slot[order][starts]
    images = np.bincount(owner, minlength=2 * classes)
    squares = np.bincount(owner, of_image**2, minlength=2 * classes)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(images > 1, images / (images - 1) * squares / n**2, np.nan).reshape(-1, 2)
    gap, error = np.diff(mean.reshape(-1, 2))[:, 0], np.sqrt(variance.sum(1))
    reach = stdtrit(np.maximum(images.reshape(-1, 2).min(1) - 1, 1), (1 + level) / 2) * error
    return Estimate(gap, gap - reach, gap + reach, error)
