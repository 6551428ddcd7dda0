"""Stride frequencies, and how far the power at one stands above what is around it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

CEILING = 300.0
"""Decibels at which the scale ends: of a peak with nothing around it and, below zero, of no power at all."""


def frequencies(period: Sequence[int]) -> list[tuple[int, ...]]:
    """Numbers of the frequencies without zero, the first of every pair that mirror each other.

    >>> frequencies((2, 2))
    [(0, 1), (1, 0), (1, 1)]
    """
    found = []
    for number in product(*map(range, period)):
        mirrored = tuple(-a % step for a, step in zip(number, period, strict=True))
        if any(number) and number <= mirrored:
            found.append(number)
    return found


def prominence(
    spectrum: Tensor, number: Sequence[int], period: Sequence[int], reach: int, window: str, *, axis: bool = False
) -> Tensor:
    """Power at a frequency over the median around it, (N, C), on the CPU.

    With `axis` around it is only where the same parts of the frequency are zero: what pictures have on a whole axis of
    the spectrum, as a sky that is bright above, is there, too.
    """
    sides = spectrum.shape[2:]
    centre = [a * side / step for a, side, step in zip(number, sides, period, strict=True)]
    zero = [axis and a == 0 for a in number]
    around = torch.from_numpy(_around(centre, sides, period, reach, window, zero)).to(spectrum.device)
    if not len(around):
        return torch.full(spectrum.shape[:2], torch.nan, dtype=spectrum.dtype)
    peak: tuple[Any, ...] = (..., *(round(place) % side for place, side in zip(centre, sides, strict=True)))
    return spectrum[peak].cpu() / _median(spectrum.flatten(2)[..., around])


def _around(
    centre: Sequence[float], sides: Sequence[int], period: Sequence[int], reach: int, window: str, zero: Sequence[bool]
) -> NDArray[np.intp]:
    """Places of the bins within reach of a frequency, in the flat spectrum, without stride frequencies and what leaks.

    >>> _around([4.0], [8], [2], 3, "none", [False]).tolist()
    [1, 2, 3, 5, 6, 7]
    >>> _around([0.0, 2.0], [4, 4], [1, 2], 1, "none", [True, False]).tolist()
    [1, 3]
    """
    leaks = 0.5 + (1 if window == "hann" else 0)
    near, taken = np.zeros(()), np.ones((), bool)
    for side, step, place, fixed in zip(sides, period, centre, zero, strict=True):
        bins = np.arange(side)
        distance, to_lattice = np.abs(bins - place), bins % (side / step)
        away = np.where(bins > 0, np.inf, 0) if fixed else np.minimum(distance, side - distance)
        near = np.maximum(near[..., None], away)
        taken = taken[..., None] & (np.minimum(to_lattice, side / step - to_lattice) <= leaks - 1e-9)
    return np.flatnonzero((near <= reach) & ~taken & (near > leaks))


def _median(values: Tensor) -> Tensor:
    """Median along the last axis; of an even number the mean of the two in the middle, where torch takes the lower.

    NumPy sorts short rows many times faster than torch.
    """
    ordered, count = torch.from_numpy(np.sort(values.cpu().numpy(), axis=-1)), values.shape[-1]
    return (ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2


def in_decibels(ratio: Tensor) -> Tensor:
    """10 log10, NaN for 0/0, at most 300 where there is nothing around a peak and at least -300."""
    return (10 * ratio.log10()).clamp(-CEILING, CEILING)
