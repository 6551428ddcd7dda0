"""What a steady rise through maps puts into the means of their phases, and is no pattern."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

LEAST = 3
"""Periods from which a rise is told from noise."""


def sawtooth(maps: Tensor, period: Sequence[int]) -> Tensor:
    """Means of the phases of the straight rise of every map, about their own mean, (N, C, phases along each axis).

    Later phases lie further along, so that a sky that is bright above looks like a pattern. The rise is that of the
    least-squares line through the means of whole periods, which what repeats with the period does not change.

    Parameters
    ----------
    maps
        (N, C, ...), sides of whole periods; along axes of less than three no rise is known.
    period
        Phases along each axis.

    Examples
    --------
    >>> sawtooth(torch.arange(6.0).view(1, 1, 6), (2,)).tolist()
    [[[-0.5, 0.5]]]
    >>> sawtooth(torch.tensor([[[0.0, 5.0, 0.0, 5.0, 0.0, 5.0]]]), (2,)).tolist()
    [[[0.0, 0.0]]]
    """
    made = maps.new_zeros(*maps.shape[:2], *period)
    for place, (step, side) in enumerate(zip(period, maps.shape[2:], strict=True)):
        if step > 1 and side >= LEAST * step:
            others = [axis for axis in range(2, maps.dim()) if axis != 2 + place]
            line = maps.mean(others) if others else maps
            ramp = _slope(torch.unflatten(line, 2, (-1, step)).mean(3))[..., None] * _about_mean(step, maps) / step
            made += ramp.view(*maps.shape[:2], *(step if axis == place else 1 for axis in range(len(period))))
    return made


def _slope(means: Tensor) -> Tensor:
    """Slope of the least-squares line through (N, C, periods), a period."""
    along = _about_mean(means.shape[-1], means)
    return means @ along / along.square().sum()


def _about_mean(count: int, like: Tensor) -> Tensor:
    return torch.arange(count, dtype=like.dtype, device=like.device) - (count - 1) / 2
