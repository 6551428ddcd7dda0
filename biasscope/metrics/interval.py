r"""Confidence intervals from the sums of `biasscope.metrics.cluster`: images are the clusters.

Three methods, by what the number is.

`share_interval`: numbers between 0 and 1, and counts as a share of the largest count. Korn and Graubard's interval:
the exact binomial one (Clopper and Pearson) for a sample of effective size :math:`n^*`,

.. math:: n^* = \max\bigl(n,\; \tfrac{R (1 - R)}{v} (z / t_\nu)^2\bigr), \qquad
          v = \frac{m}{m - 1} \frac{\sum_i (y_i - R x_i)^2}{(\sum_i x_i)^2}

with m images and :math:`n = (\sum x)^2 / \sum x^2` of them effectively. As :math:`0 \le y_i \le x_i` no image can
tell less than one coin toss, hence the n: a share of exactly 1 keeps the interval of n successes in n. The degrees of
freedom :math:`\nu` are those of the images that carry the variance: the smallest of n - 1,
:math:`(\sum y)^2 / \sum y^2` and :math:`(\sum (x - y))^2 / \sum (x - y)^2`. With one deviating image among a thousand,
the spread is known from one.

`positive_interval`: unbounded numbers above 0. Delta method on the logarithm, t with the smaller of n - 1 and
:math:`(\sum y)^2 / \sum y^2` degrees of freedom, again those of the images that carry the number.

`difference_interval`: the share of images gained minus that lost. Two share intervals joined by the square-and-add
rule with the known correlation of exclusive events.

What no interval here can do is foresee images unlike all images drawn: when one image in fifty is all wrong and none
of those is in the sample, the sample does not show it.

References
----------
Korn and Graubard 1998, as in `biasscope.core.binomial`. Zou and Donner, "Construction of confidence limits about
effect measures: a general approach", Statistics in Medicine 27 (2008).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.arms import square_and_add
from biasscope.core.binomial import coin_tosses, exact_bounds
from biasscope.core.errors import UsageError
from biasscope.metrics.cluster import Sums

Array = NDArray[np.float64]
NEGLIGIBLE = 1e-12
"""A spread below this share of the largest possible is rounding."""


class ClusterInterval(NamedTuple):
    """Bounds and the number of images behind them, of the shape of the number; NaN where it is undefined.

    Attributes
    ----------
    low, high
        Bounds.
    n
        Images that have a say.

    Examples
    --------
    >>> import torch
    >>> from biasscope.metrics import Consistency
    >>> metric = Consistency()
    >>> metric.update(torch.zeros(3, 50, dtype=torch.int64))
    >>> low, high, n = metric.interval()
    >>> round(low.item(), 2), high.item(), n.item()
    (0.93, 1.0, 50)
    """

    low: Tensor
    high: Tensor
    n: Tensor


def share_interval(sums: Sums, level: float = 0.95) -> ClusterInterval:
    """Give the interval of a ratio of sums with 0 <= y <= x for every image.

    Examples
    --------
    >>> import torch
    >>> from biasscope.metrics.cluster import reduce
    >>> low, high, n = share_interval(reduce(torch.ones(50)))  # all of 50 images
    >>> round(low.item(), 4), high.item(), n.item()
    (0.9289, 1.0, 50)
    """
    tail, arrays = _tail(level), _arrays(sums)
    with np.errstate(all="ignore"):
        share = np.clip(arrays.numerator / arrays.denominator, 0, 1)
        low, high = exact_bounds(share, _effective(arrays, share, tail), tail)
    return _tensors(low, high, sums, arrays.denominator > 0)


def positive_interval(sums: Sums, level: float = 0.95) -> ClusterInterval:
    """Give the interval of a ratio of sums that is positive and has no upper bound; undefined for one image.

    Examples
    --------
    >>> import torch
    >>> from biasscope.metrics.cluster import reduce
    >>> low, high, n = positive_interval(reduce(torch.tensor([1.0, 2.0, 1.5, 1.2])))
    >>> bool(0 < low < 1.425 < high)
    True
    """
    from scipy.special import stdtrit

    tail, arrays = _tail(level), _arrays(sums)
    with np.errstate(all="ignore"):
        number = arrays.numerator / arrays.denominator
        variance, images = _variance(arrays, number)
        freedom = np.fmax(np.fmin(arrays.numerator**2 / arrays.numerator_squared, images - 1), 1)
        reach = np.where(number > 0, -stdtrit(freedom, tail) * np.sqrt(variance) / number, 0.0)
        low, high = number * np.exp(-reach), number * np.exp(reach)
    return _tensors(low, high, sums, arrays.images > 1)


def difference_interval(sums: Sums, level: float = 0.95) -> ClusterInterval:
    """Give the interval of gained - lost from sums with these two entries, of which no image has both.

    Examples
    --------
    >>> import torch
    >>> from biasscope.metrics.cluster import reduce
    >>> low, high, n = difference_interval(reduce(torch.zeros(2, 30)))  # nothing gained, nothing lost
    >>> round(low.item(), 3), round(high.item(), 3)
    (-0.116, 0.116)
    """
    arrays = _arrays(sums)
    low, high, n = share_interval(sums, level)
    with np.errstate(all="ignore"):
        share = arrays.numerator / arrays.denominator
        spread = np.sqrt(np.prod(np.maximum(arrays.numerator_squared / arrays.images - share**2, 0), -1))
        correlation = np.where(spread > 0, -np.prod(share, -1) / spread, 0.0).clip(-1, 0)
        below, above = share - low.numpy(), high.numpy() - share
        down = square_and_add(below[..., 0], above[..., 1], correlation)
        up = square_and_add(above[..., 0], below[..., 1], correlation)
    gain = share[..., 0] - share[..., 1]
    bounds = (torch.as_tensor(bound, dtype=torch.float64) for bound in (gain - down, gain + up))
    least, most = (bound.clamp(-1, 1) for bound in bounds)
    return ClusterInterval(least, most, n[..., 0])


def _effective(sums: _Arrays, share: Array, tail: float) -> Array:
    """Give the number of coin tosses that tell as much as these images."""
    images = sums.denominator**2 / sums.denominator_squared
    rest = sums.denominator - sums.numerator
    rest_squared = sums.denominator_squared - 2 * sums.product + sums.numerator_squared
    carriers = np.fmin(sums.numerator**2 / sums.numerator_squared, rest**2 / rest_squared)
    freedom = np.fmax(np.fmin(carriers, images - 1), 1)
    variance, _ = _variance(sums, share)
    return np.where(variance > 0, np.fmax(coin_tosses(share, variance, freedom, tail), images), images)


def _variance(sums: _Arrays, number: Array) -> tuple[Array, Array]:
    """Give the linearised variance of the ratio and the number of images."""
    squares = sums.numerator_squared - 2 * number * sums.product + number**2 * sums.denominator_squared
    most = sums.numerator_squared + number**2 * sums.denominator_squared
    squares = np.where(squares > NEGLIGIBLE * most, squares, 0.0)
    correction = np.where(sums.images > 1, sums.images / (sums.images - 1), 1.0)
    return correction * squares / sums.denominator**2, sums.images


class _Arrays(NamedTuple):
    numerator: Array
    denominator: Array
    numerator_squared: Array
    denominator_squared: Array
    product: Array
    images: Array


def _arrays(sums: Sums) -> _Arrays:
    return _Arrays(*(item.detach().cpu().numpy().astype(np.float64) for item in sums))


def _tensors(low: Array, high: Array, sums: Sums, defined: NDArray[np.bool_]) -> ClusterInterval:
    below, above = (torch.as_tensor(np.where(defined, bound, np.nan), dtype=torch.float64) for bound in (low, high))
    return ClusterInterval(below, above, sums.images.detach().cpu().round().to(torch.int64))


def _tail(level: float) -> float:
    if not 0 < level < 1:
        raise UsageError(f"must lie between 0 and 1, got {level!r}", where="level", hint="Take 0.95 for 95 %.")
    return (1 - level) / 2
