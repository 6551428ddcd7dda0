"""What a block of images is reduced to: sums over images, from which the number and its interval are made.

Every measure is a ratio of two sums over images, R = sum_i y_i / sum_i x_i: images are drawn, their views are not, so
an image is one cluster. An image without a say (no label, or not right at the reference) has x_i = 0. A plain mean has
x_i = 1. Six sums are enough for the ratio and for its variance, and sums of blocks and of processes add up.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Sums(NamedTuple):
    """Sums over images, float64, of shape () or, for measures with several entries, (D,).

    ``numerator`` sum y, ``denominator`` sum x, ``numerator_squared`` sum y^2, ``denominator_squared`` sum x^2,
    ``product`` sum xy, ``images`` the number of images with x > 0.
    """

    numerator: Tensor
    denominator: Tensor
    numerator_squared: Tensor
    denominator_squared: Tensor
    product: Tensor
    images: Tensor


def reduce(numerator: Tensor, denominator: Tensor | float = 1.0) -> Sums:
    """Reduce the values of a block of images to its sums.

    Parameters
    ----------
    numerator
        y, shape (N,), or (D, N) for D entries.
    denominator
        x >= 0, broadcast against ``numerator``. Where it is 0, ``numerator`` must be 0 too.

    Examples
    --------
    >>> import torch
    >>> reduce(torch.tensor([1.0, 0.5, 0.0]), torch.tensor([1.0, 1.0, 0.0])).images.item()
    2.0
    """
    y = numerator.to(torch.float64)
    x = torch.as_tensor(denominator, dtype=torch.float64, device=y.device).expand_as(y)
    terms = (y, x, y * y, x * x, x * y, (x > 0).to(torch.float64))
    return Sums(*(term.sum(-1) for term in terms))


def ratio(sums: Sums) -> Tensor:
    """Turn sums into the number: sum y / sum x, float64; NaN where no image has a say.

    Examples
    --------
    >>> import torch
    >>> ratio(reduce(torch.tensor([1.0, 0.5]))).item()
    0.75
    """
    return torch.where(sums.denominator > 0, sums.numerator / sums.denominator, torch.nan)


def size(sums: Sums) -> Tensor:
    """Mean denominator of the images that have a say: what a share is multiplied by to become a count."""
    return torch.where(sums.images > 0, sums.denominator / sums.images, torch.nan)


def count(sums: Sums) -> Tensor:
    """Turn sums into a mean count an image: the ratio times the mean denominator."""
    return ratio(sums) * size(sums)


def difference(sums: Sums) -> Tensor:
    """Turn sums with the entries gained, lost into the number gained - lost."""
    gained, lost = ratio(sums).unbind(-1)
    return gained - lost
