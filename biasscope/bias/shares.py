"""Intervals of shares of boxes that hold where all boxes agree: the jackknife sees no variance there.

The bounds are the exact binomial ones (:mod:`biasscope.core.binomial`) of as many coin tosses as the boxes are worth:
no fewer than there are images, as no image can tell less than one toss, and no more than there are boxes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias.jackknife import Estimate
from biasscope.core.binomial import coin_tosses, exact_bounds

Floats = NDArray[np.float64]
METHOD = "exact binomial, effective size over images"


def share_interval(
    hits: ArrayLike, sizes: ArrayLike, images: ArrayLike | None = None, *, level: float = 0.95
) -> Estimate:
    """Share of boxes, or mean of numbers between 0 and 1, with its interval, one a class.

    Parameters
    ----------
    hits, sizes
        Boxes counted and boxes at all of each group of images, shape ``(classes, groups)``.
    images
        Images behind each class, hashed to the groups; where left out each group is an image.
    level
        Confidence level.

    Examples
    --------
    None of thirty boxes, each in an image of its own, and in ten images of three each:

    >>> alone = share_interval(np.zeros((1, 30)), np.ones((1, 30)))
    >>> three = share_interval(np.zeros((1, 10)), np.full((1, 10), 3))
    >>> alone.high.round(3).item(), three.high.round(3).item()
    (0.116, 0.308)
    """
    y, x = np.asarray(hits, np.float64), np.asarray(sizes, np.float64)
    n, tail = x.sum(1), (1 - level) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(y.sum(1) / n, 0.0, 1.0)
        variance = _variance(y, x, share)
        tosses = coin_tosses(share, variance, _freedom(y, x), tail)
    least = _images(x, images)
    low, high = exact_bounds(share, np.where(variance > 0, np.clip(tosses, least, n), least), tail)
    return Estimate(share, low, high, np.sqrt(variance))


def share_over_images(values: Floats, image: NDArray[np.int64], *, level: float = 0.95) -> Estimate:
    """Mean of indicators, or of numbers between 0 and 1, one a box; a single row, NaN without boxes.

    >>> made = share_over_images(np.ones(4), np.array([0, 0, 1, 1]))
    >>> made.low.round(3).tolist(), made.high.tolist()
    ([0.158], [1.0])
    """
    sizes = np.bincount(image)
    held = sizes > 0
    return share_interval(np.bincount(image, values)[None, held], sizes[None, held], level=level)


def _variance(y: Floats, x: Floats, share: Floats) -> Floats:
    """Of a ratio of sums over groups (Cochran, *Sampling Techniques*, section 2.11); 0 where it is rounding."""
    residual, groups = y - share[:, None] * x, (x > 0).sum(1)
    squares, most = (residual**2).sum(1), (y**2 + (share[:, None] * x) ** 2).sum(1)
    squares = np.where(squares > 1e-12 * most, squares, 0.0)
    return np.asarray(np.where(groups > 1, groups / (groups - 1), 1.0) * squares / x.sum(1) ** 2)


def _freedom(y: Floats, x: Floats) -> Floats:
    """Groups that carry the variance, less one at most: with one deviating group the spread is known from one."""
    carriers = [part.sum(1) ** 2 / (part**2).sum(1) for part in (y, x - y)]
    return np.asarray(np.fmax(np.fmin(np.fmin(*carriers), (x > 0).sum(1) - 1), 1))


def _images(x: Floats, images: ArrayLike | None) -> Floats:
    """Images of equal size that are worth as much, ``(sum x)**2 / sum x**2``.

    From hashed groups the squares are known in expectation: two images share a group with probability 1 / groups.
    """
    n, squares, groups = x.sum(1), (x**2).sum(1), x.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        if images is None:
            return np.asarray(n**2 / squares)
        known = np.asarray(images, np.float64)
        spread = np.maximum(squares - n**2 / groups, 0.0)
        worth = np.where(spread > 0, n**2 * (1 - 1 / groups) / spread, np.inf)
        return np.asarray(np.where(known >= n, n, np.clip(worth, 1, known)))
