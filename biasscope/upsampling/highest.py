"""The stride frequency that stands out most certainly by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from biasscope.upsampling.peaks import Peaks

TWICE = 3.0
"""Decibels that a frequency must certainly reach: blocks of a nearest resize along a slope in pictures give 1 or 2."""


@dataclass(frozen=True)
class Frequency:
    """One stride frequency, in cycles a position: `numbers` / `period` along each axis.

    Attributes
    ----------
    numbers, period
        The frequency.
    decibels
        Power over what is around, mean over pictures.
    least
        Lower end of its 95 % interval, which holds for all frequencies together.
    """

    numbers: tuple[int, ...]
    period: tuple[int, ...]
    decibels: float
    least: float


def highest(found: Iterable[Peaks | None], pattern: Tensor) -> Frequency | None:
    """Frequency of the highest lower end, where that is above 3 dB and the pattern has its even share of energy there.

    What a resize takes out of a spectrum leaves small peaks of nothing, which no pattern carries. On an axis of the
    spectrum lies what pictures have in common, as a sky that is bright above: there it is above that by as much, too.

    Parameters
    ----------
    found
        Peaks of the same maps at several periods.
    pattern
        Of those maps, (C, phases along each axis), at the longest period.
    """
    certain = [one for peaks in found if peaks is not None for one in _certain(peaks)]
    carried = [one for one in certain if energy(pattern, one.numbers, one.period) >= 1]
    return max(carried, key=lambda one: one.least, default=None)


def _certain(peaks: Peaks) -> Iterator[Frequency]:
    on_axis = np.nan_to_num(peaks.along, nan=np.inf)
    for place in np.flatnonzero((np.nan_to_num(peaks.least) > TWICE) & (on_axis > TWICE)):
        numbers = tuple(peaks.frequencies[place].tolist())
        yield Frequency(numbers, peaks.period, float(peaks.decibels[place]), float(peaks.least[place]))


def energy(pattern: Tensor, numbers: Sequence[int], period: Sequence[int]) -> float:
    """Energy of a pattern at a frequency over the mean energy of its frequencies without zero.

    Parameters
    ----------
    pattern
        (C, phases along each axis).
    numbers, period
        Of the frequency, in cycles a position: numbers / period; a period that divides that of the pattern.

    Examples
    --------
    >>> board = torch.tensor([[[0.0, 1.0], [0.0, 1.0]]])
    >>> energy(board, (0, 1), (2, 2)), energy(board, (1, 0), (2, 2))
    (3.0, 0.0)
    """
    found = torch.fft.fftn(pattern.double(), dim=tuple(range(1, pattern.dim()))).abs().square().sum(0)
    found.view(-1)[0] = 0
    place = tuple(a * side // step for a, side, step in zip(numbers, found.shape, period, strict=True))
    total = float(found.sum())
    return float(found[place]) * (found.numel() - 1) / total if total > 0 else 0.0
