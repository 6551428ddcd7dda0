"""Means over boxes with intervals over images, and folds that keep images whole."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from biasscope.bias.leakage.score import Floats, Ints


class Mean(NamedTuple):
    """A mean with its interval."""

    value: float
    low: float
    high: float


def mean_over_images(values: Floats, image: Ints, *, level: float = 0.95) -> Mean:
    """Mean of values, one a box, with a t interval whose variance is that of a ratio of sums over images.

    ``m / (m - 1) sum((total_i - mean n_i)**2) / n**2`` (Cochran, *Sampling Techniques*, section 2.11).

    Examples
    --------
    Ten images of two equal boxes carry the information of ten, not twenty:

    >>> made = mean_over_images(np.repeat([0.0, 1.0], 10), np.repeat(np.arange(10), 2))
    >>> [round(part, 3) for part in made]
    [0.5, 0.123, 0.877]
    """
    from scipy.special import stdtrit

    if not len(values):
        return Mean(float("nan"), float("nan"), float("nan"))
    _, number = np.unique(image, return_inverse=True)
    images, value = int(number.max()) + 1, float(np.mean(values))
    if images < 2:
        return Mean(value, float("nan"), float("nan"))
    residual = np.bincount(number, np.asarray(values, np.float64) - value)
    error = float(np.sqrt(images / (images - 1) * (residual**2).sum())) / len(values)
    reach = float(stdtrit(images - 1, (1 + level) / 2)) * error
    return Mean(value, value - reach, value + reach)


def wilson(share: Floats, n: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson interval of shares; ``n`` is the number of images, so that boxes that share one do not count twice.

    >>> low, high = wilson(np.array([0.0]), np.array([10.0]))
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.0, 0.278)
    """
    from scipy.special import ndtri

    z = float(ndtri((1 + level) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip(centre - reach, 0.0, 1.0), np.clip(centre + reach, 0.0, 1.0)


def image_folds(label: Ints, image: Ints, folds: int, rng: np.random.Generator) -> Ints:
    """Fold of each box: images stay whole, and every fold holds nearly the same share of each class.

    Images are sorted by the class of their first box, in random order within it, and dealt out in turn. Without that a
    class that is rare in a fold would be common outside it, and a model that learned nothing would fall below chance.

    >>> folds = image_folds(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2]), 2, np.random.default_rng(0))
    >>> bool(folds[0] == folds[1]), sorted(set(folds.tolist()))
    (True, [0, 1])
    """
    names, first, number = np.unique(image, return_index=True, return_inverse=True)
    order = np.lexsort([rng.random(len(names)), label[first]])
    fold = np.empty(len(names), np.int64)
    fold[order] = np.arange(len(names)) % folds
    return np.asarray(fold[number], np.int64)
