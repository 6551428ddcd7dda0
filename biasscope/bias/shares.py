"""Intervals of shares of boxes that hold where all boxes agree: the jackknife sees no variance there.

The bounds are the exact binomial ones (:mod:`biasscope.core.binomial`) of as many coin tosses as the boxes are worth:
no fewer than there are images, as no image can tell less than one toss, and no more than there are boxes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias.jackknife import Estimate
from biasscope.bias.testing.given import check_counts, counts_of
from biasscope.core.binomial import coin_tosses, exact_bounds
from biasscope.core.errors import UsageError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
METHOD = "exact binomial, effective size over images"


class Sums(NamedTuple):
    """Sums over the images (or groups of images) of each class that the variance of a share takes.

    Hits and sizes are boxes counted and boxes at all; ``filled`` images hold any.
    """

    hits: Floats
    sizes: Floats
    hits_squared: Floats
    products: Floats
    sizes_squared: Floats
    filled: Floats


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

    Raises
    ------
    UsageError
        For tables of different shapes, or more boxes counted than there are.

    Examples
    --------
    None of thirty boxes, each in an image of its own, and in ten images of three each:

    >>> alone = share_interval(np.zeros((1, 30)), np.ones((1, 30)))
    >>> three = share_interval(np.zeros((1, 10)), np.full((1, 10), 3))
    >>> alone.high.round(3).item(), three.high.round(3).item()
    (0.116, 0.308)
    """
    counted, whole = (counts_of(given, "classes", "groups") for given in (hits, sizes))
    check_counts(counted, whole)
    sums, groups = sums_of(counted, whole), whole.shape[1]
    least = images_worth(sums) if images is None else _hashed_images(sums, np.asarray(images, np.float64), groups)
    return _interval(sums, least, level)


def share_over_images(
    values: ArrayLike, image: ArrayLike, owner: ArrayLike | None = None, owners: int = 1, *, level: float = 0.95
) -> Estimate:
    """Mean of indicators, or of numbers between 0 and 1, one a box, of each of ``owners`` classes; NaN without boxes.

    >>> made = share_over_images(np.ones(4), np.array([0, 0, 1, 1]))
    >>> made.low.round(3).tolist(), made.high.tolist()
    ([0.158], [1.0])
    """
    sums = sums_over_images(values, image, owner, owners)
    return _interval(sums, images_worth(sums), level)


def sums_of(hits: ArrayLike, sizes: ArrayLike) -> Sums:
    """Sums from tables ``(classes, images)``.

    >>> sums_of([[1, 0]], [[2, 3]]).sizes_squared.tolist()
    [13.0]
    """
    y, x = np.asarray(hits, np.float64), np.asarray(sizes, np.float64)
    made = (y.sum(1), x.sum(1), (y**2).sum(1), (x * y).sum(1), (x**2).sum(1), (x > 0).sum(1, dtype=np.float64))
    return Sums(*made)


def sums_over_images(values: ArrayLike, image: ArrayLike, owner: ArrayLike | None = None, owners: int = 1) -> Sums:
    """Sums from values, one a box, of the classes that own them; no table of classes and images is made.

    Raises
    ------
    UsageError
        For other numbers of values than of images.

    Examples
    --------
    >>> sums_over_images(np.ones(3), np.array([0, 0, 7]), np.array([0, 0, 1]), 2).sizes_squared.tolist()
    [4.0, 1.0]
    """
    given, images = np.asarray(values, np.float64), np.asarray(image, np.int64)
    if given.shape != images.shape or given.ndim != 1:
        raise UsageError(f"values of the shape {given.shape} in images of {images.shape}", hint="One of each a box.")
    if owner is None:
        sizes = np.bincount(images)
        return sums_of(np.bincount(images, given, len(sizes))[None], sizes[None])
    span = int(images.max(initial=0)) + 1
    pairs, place = np.unique(np.asarray(owner, np.int64) * span + images, return_inverse=True)
    y, x, of = np.bincount(place, given, len(pairs)), np.bincount(place, minlength=len(pairs)), pairs // span
    parts = (y, x, y**2, x * y, x**2, np.ones(len(pairs)))
    return Sums(*(np.bincount(of, part, owners).astype(np.float64) for part in parts))


def tosses_of(sums: Sums, least: Floats, *, level: float = 0.95) -> Floats:
    """Coin tosses that the boxes of each class are worth: ``least`` where all agree, its boxes at most.

    Two images of five boxes are worth two tosses where the boxes of an image are alike:

    >>> alike = sums_of([[5, 0]], [[5, 5]])
    >>> tosses_of(alike, images_worth(alike)).tolist()
    [2.0]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share, variance = _share(sums), _variance(sums)
        tosses = coin_tosses(share, variance, _freedom(sums), (1 - level) / 2)
    return np.asarray(np.where(variance > 0, np.clip(tosses, least, sums.sizes), least))


def images_worth(sums: Sums) -> Floats:
    """Images of equal size that are worth as much, ``(sum x)**2 / sum x**2``.

    >>> images_worth(sums_of([[0, 0]], [[3, 1]])).tolist()
    [1.6]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums.sizes**2 / sums.sizes_squared)


def hashed_tosses(hits: ArrayLike, sizes: ArrayLike, images: ArrayLike, *, level: float = 0.95) -> Floats:
    """:func:`tosses_of` from tables ``(classes, groups)`` of groups that ``images`` are hashed to.

    >>> hashed_tosses([[6, 0]], [[6, 6]], [12]).tolist()
    [12.0]
    """
    sums = sums_of(hits, sizes)
    return tosses_of(sums, _hashed_images(sums, np.asarray(images, np.float64), np.shape(sizes)[1]), level=level)


def _interval(sums: Sums, least: Floats, level: float) -> Estimate:
    with np.errstate(divide="ignore", invalid="ignore"):
        share, error = _share(sums), np.sqrt(_variance(sums))
    return Estimate(share, *exact_bounds(share, tosses_of(sums, least, level=level), (1 - level) / 2), error)


def _share(sums: Sums) -> Floats:
    return np.clip(sums.hits / sums.sizes, 0.0, 1.0)


def _variance(sums: Sums) -> Floats:
    """Of a ratio of sums over groups (Cochran, *Sampling Techniques*, section 2.11); 0 where it is rounding."""
    share = _share(sums)
    most = sums.hits_squared + share**2 * sums.sizes_squared
    squares = most - 2 * share * sums.products
    squares = np.where(squares > 1e-12 * most, squares, 0.0)
    return np.asarray(np.where(sums.filled > 1, sums.filled / (sums.filled - 1), 1.0) * squares / sums.sizes**2)


def _freedom(sums: Sums) -> Floats:
    """Groups that carry the variance, less one at most: with one deviating group the spread is known from one."""
    missed = sums.sizes_squared - 2 * sums.products + sums.hits_squared
    carriers = sums.hits**2 / sums.hits_squared, (sums.sizes - sums.hits) ** 2 / missed
    return np.asarray(np.fmax(np.fmin(np.fmin(*carriers), sums.filled - 1), 1))


def _hashed_images(sums: Sums, images: Floats, groups: int) -> Floats:
    """:func:`images_worth` in expectation: two images share a group with probability 1 / groups."""
    n = sums.sizes
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.maximum(sums.sizes_squared - n**2 / groups, 0.0)
        worth = np.where(spread > 0, n**2 * (1 - 1 / groups) / spread, np.inf)
        return np.asarray(np.where(images >= n, n, np.clip(worth, 1, images)))
