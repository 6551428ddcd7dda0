"""Means over images with intervals, added up as the images come, for all layers at once."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Estimate(NamedTuple):
    """A value with its interval and the number of images; ``None`` where it is undefined."""

    value: float | None
    low: float | None
    high: float | None
    n: int


NOTHING = Estimate(None, None, None, 0)


class ImageMeans:
    """Mean of one value an image for each of L layers, with t intervals; values that are not finite are left out.

    Parameters
    ----------
    low, high
        Range of the value; intervals are cut to it.

    Attributes
    ----------
    kept
        Values of the images as they came, (L, P) each, where a list was put here: for comparisons image by image.

    Examples
    --------
    >>> means = ImageMeans()
    >>> means.add(torch.tensor([[1.0, 2.0, 3.0, 4.0]]))
    >>> [round(part, 3) for part in means.estimates()[0]]
    [2.5, 0.446, 4.554, 4]
    """

    def __init__(self, low: float = float("-inf"), high: float = float("inf")) -> None:
        self._low, self._high = low, high
        self._first: Tensor | None = None
        self._state: Tensor | None = None
        self.kept: list[Tensor] | None = None

    def add(self, values: Tensor) -> None:
        """Add values of P images at L layers, (L, P); nothing waits for the device."""
        values = values.to(torch.float64)
        if self.kept is not None:
            self.kept.append(values.cpu())
        good = torch.isfinite(values)
        if self._state is None or self._first is None:
            self._state = values.new_zeros(3, len(values))
            self._first = values[:, :1].nan_to_num(0.0, 0.0, 0.0)
        centred = torch.where(good, values - self._first, 0.0)
        self._state = self._state + torch.stack([good.sum(1), centred.sum(1), centred.square().sum(1)])

    def estimates(self, level: float = 0.95) -> list[Estimate]:
        """Mean, interval and n of every layer; empty if nothing was added."""
        if self._state is None or self._first is None:
            return []
        rows = zip(self._first[:, 0].tolist(), *self._state.tolist(), strict=True)
        return [self._estimate(first, int(count), total, squares, level) for first, count, total, squares in rows]

    def _estimate(self, first: float, n: int, total: float, squares: float, level: float) -> Estimate:
        from scipy.special import stdtrit

        if n == 0:
            return NOTHING
        value = first + total / n
        if n == 1:
            return Estimate(value, None, None, 1)
        error = max((squares - total**2 / n) / (n - 1) / n, 0.0) ** 0.5
        reach = float(stdtrit(n - 1, (1 + level) / 2)) * error
        return Estimate(value, max(value - reach, self._low), min(value + reach, self._high), n)
