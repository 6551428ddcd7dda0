"""Intervals of medians of boxes that share images: Woodruff's, from the share of boxes below the median.

That share is one half, known as well as so many coin tosses as the boxes are worth (:mod:`biasscope.bias.shares`): the
bounds are the order statistics at its exact binomial bounds.

References
----------
Woodruff, "Confidence intervals for medians and other position measures", Journal of the American Statistical
Association 47 (1952).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias.jackknife import Estimate
from biasscope.bias.shares import images_worth, sums_over_images, tosses_of
from biasscope.core.binomial import exact_bounds

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
METHOD = "order statistics, effective size over images"


def median_over_images(values: ArrayLike, image: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Median of values, one a box, with its interval; a single row, NaN without boxes.

    Parameters
    ----------
    values
        One number a box.
    image
        Number of the image of each box.
    level
        Confidence level.

    Examples
    --------
    A hundred boxes in images of their own, and in ten images whose boxes are alike:

    >>> values = np.arange(100.0)
    >>> for image in (np.arange(100), np.arange(100) // 10):
    ...     made = median_over_images(values, image)
    ...     print(made.value.item(), made.low.round(1).item(), made.high.round(1).item())
    49.5 39.3 59.7
    49.5 18.2 80.8
    """
    given, unknown = np.asarray(values, np.float64), np.full(1, np.nan)
    if not len(given):
        return Estimate(unknown, unknown, unknown, unknown)
    middle = np.median(given)
    sums = sums_over_images((given <= middle).astype(np.float64), image)
    places = order_places(tosses_of(sums, images_worth(sums), level=level), len(given), level=level)
    low, high = np.quantile(given, np.nan_to_num(places)) + 0 * places
    return Estimate(np.atleast_1d(middle), low, high, unknown)


def order_places(tosses: ArrayLike, n: ArrayLike, *, share: float = 0.5, level: float = 0.95) -> Floats:
    """Shares at which the quantiles of n boxes (numpy's, linear) bound that of a share, low ones and high ones.

    NaN where the boxes are worth too few tosses (for the median fewer than 5.3 at 95 %): they may all lie on one side
    of the quantile more often than the level allows.

    Parameters
    ----------
    tosses
        Coin tosses that the boxes are worth.
    n
        Number of boxes.
    share
        Share of the boxes below the quantile: one half for the median.
    level
        Confidence level.

    Examples
    --------
    Of a hundred independent boxes about the 40th and the 61st, counted from 0 the 39th and the 60th:

    >>> (order_places([100, 5], [100, 5]) * 99).round(1).tolist()
    [[39.3, nan], [59.7, nan]]
    """
    tail, boxes = (1 - level) / 2, np.asarray(n, np.float64)
    worth = np.asarray(tosses, np.float64)
    below, above = ((at * boxes - 0.5) / np.maximum(boxes - 1, 1) for at in exact_bounds(share, worth, tail))
    bounded = [worth * np.log(beyond) <= np.log(tail) for beyond in (1 - share, share)]
    return np.where(bounded, [np.clip(below, 0.0, share), np.clip(above, share, 1.0)], np.nan)


def below_share(groups: Ints, share: float = 0.5) -> Ints:
    """Boxes, of counts ``(classes, groups, bins)``, below the edge of bins that is nearest to a quantile.

    >>> below_share(np.array([[[3, 1, 0], [0, 2, 4]]])).tolist()
    [[4, 2]]
    """
    running = groups.sum(1).cumsum(-1)
    edge = np.abs(running - share * running[:, -1:]).argmin(-1)
    below = np.arange(groups.shape[-1]) <= edge[:, None]
    return np.asarray(np.einsum("cgb,cb->cg", groups, below), np.int64)
