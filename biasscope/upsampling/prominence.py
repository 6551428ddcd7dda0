"""Stride frequencies, and how far the power at one stands above what is around it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import torch
from torch import Tensor


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


def prominence(spectrum: Tensor, number: Sequence[int], period: Sequence[int], reach: int, window: str) -> Tensor:
    """Power at a frequency over the median around it, (N, C)."""
    sides = spectrum.shape[2:]
    spread = 1 if window == "hann" else 0
    centre = [a * side / step for a, side, step in zip(number, sides, period, strict=True)]
    near = torch.zeros((), dtype=torch.float64)
    taken = torch.ones((), dtype=torch.bool)
    for side, step, place in zip(sides, period, centre, strict=True):
        bins = torch.arange(side, dtype=torch.float64)
        distance = (bins - place).abs()
        near = torch.maximum(near[..., None], torch.minimum(distance, side - distance))
        to_lattice = torch.remainder(bins, side / step)
        taken = taken[..., None] & (torch.minimum(to_lattice, side / step - to_lattice) <= 0.5 + spread - 1e-9)
    around = (near <= reach) & ~taken & (near > 0.5 + spread)
    if not bool(around.any()):
        return spectrum.new_full(spectrum.shape[:2], torch.nan)
    peak: tuple[Any, ...] = (..., *(round(place) % side for place, side in zip(centre, sides, strict=True)))
    return spectrum[peak] / _median(spectrum[..., around.to(spectrum.device)])


def _median(values: Tensor) -> Tensor:
    """Median along the last axis; of an even number the mean of the two in the middle, where torch takes the lower."""
    ordered, count = values.sort(-1).values, values.shape[-1]
    return (ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2


def in_decibels(ratio: Tensor) -> Tensor:
    """10 log10, NaN for 0/0, at most 300 where there is nothing around a peak and at least -300."""
    return (10 * ratio.log10()).clamp(-300, 300)
