"""Means over boxes with intervals over images, and folds that keep images whole."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias.leakage.score import Floats, Ints
from biasscope.bias.shares import share_over_images
from biasscope.core.arms import square_and_add

Flags = NDArray[np.bool_]


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
    residual = _residuals(values, number, value)
    error = float(np.sqrt(images / (images - 1) * (residual**2).sum())) / len(values)
    reach = float(stdtrit(images - 1, (1 + level) / 2)) * error
    return Mean(value, value - reach, value + reach)


def share_mean(flags: ArrayLike, image: ArrayLike, *, level: float = 0.95) -> Mean:
    """Share of boxes with an interval over images that holds where all agree, see :mod:`biasscope.bias.shares`.

    >>> [round(part, 3) for part in share_mean(np.ones(10, bool), np.arange(10))]
    [1.0, 0.692, 1.0]
    """
    made = share_over_images(flags, image, level=level)
    return Mean(*(part.item() for part in made[:3]))


def net_share(gained: ArrayLike, lost: ArrayLike, image: ArrayLike, *, level: float = 0.95) -> Mean:
    """Share of boxes gained minus that lost: the intervals of both joined, with the correlation over images.

    Nothing gained and nothing lost in 30 images is known as well as either is:

    >>> [round(part, 3) for part in net_share(np.zeros(30, bool), np.zeros(30, bool), np.arange(30))]
    [0.0, -0.116, 0.116]
    """
    up, down = (share_mean(flags, image, level=level) for flags in (gained, lost))
    first, second = (_residuals(flags, image, made.value) for flags, made in ((gained, up), (lost, down)))
    scale = float(np.sqrt((first @ first) * (second @ second)))
    correlation = float(first @ second) / scale if scale > 0 else 0.0
    below = square_and_add(up.value - up.low, down.high - down.value, correlation).item()
    above = square_and_add(up.high - up.value, down.value - down.low, correlation).item()
    value = up.value - down.value
    return Mean(value, max(value - below, -1.0), min(value + above, 1.0))


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


def _residuals(values: ArrayLike, image: ArrayLike, mean: float) -> Floats:
    """What the boxes of each image have beyond the mean, in all."""
    return np.bincount(image, np.asarray(values, np.float64) - mean).astype(np.float64)
