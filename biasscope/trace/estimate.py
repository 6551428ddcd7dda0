"""Means over images with intervals, added up as the images come."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

METHOD = "t interval over images"


class Estimate(NamedTuple):
    """A value with its interval and the number of images; ``None`` where it is undefined."""

    value: float | None
    low: float | None
    high: float | None
    n: int


NOTHING = Estimate(None, None, None, 0)


class ImageMean:
    """Mean of one value an image, with a t interval; values that are not numbers are left out.

    Parameters
    ----------
    low, high
        Range of the value; the interval is cut to it.

    Examples
    --------
    >>> mean = ImageMean()
    >>> mean.add(torch.tensor([1.0, 2.0, 3.0, 4.0]))
    >>> [round(part, 3) for part in mean.estimate()]
    [2.5, 0.446, 4.554, 4]
    """

    def __init__(self, low: float = float("-inf"), high: float = float("inf")) -> None:
        self._low, self._high = low, high
        self._first: Tensor | None = None
        self._state: Tensor | None = None

    def add(self, values: Tensor) -> None:
        """Add one value an image, shape (P,); nothing waits for the device."""
        values = values.to(torch.float64)
        good = torch.isfinite(values)
        if self._state is None or self._first is None:
            self._state = values.new_zeros(3)
            self._first = values.nan_to_num(0.0, 0.0, 0.0)[:1]
        centred = torch.where(good, values - self._first, 0.0)
        self._state = self._state + torch.stack([good.sum(), centred.sum(), centred.square().sum()])

    def estimate(self, level: float = 0.95) -> Estimate:
        """Mean, interval and n."""
        from scipy.special import stdtrit

        if self._state is None or self._first is None:
            return NOTHING
        count, total, squares = self._state.tolist()
        if count == 0:
            return NOTHING
        n, offset = int(count), total / count
        value = float(self._first) + offset
        if n == 1:
            return Estimate(value, None, None, 1)
        error = max((squares - count * offset**2) / (n - 1) / n, 0.0) ** 0.5
        reach = float(stdtrit(n - 1, (1 + level) / 2)) * error
        return Estimate(value, max(value - reach, self._low), min(value + reach, self._high), n)


def clip(value: float, low: float, high: float) -> float:
    """Cut to a range."""
    return min(max(value, low), high)
