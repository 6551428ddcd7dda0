"""Squared errors of responses against their reference moved by fractions of a position, in the Fourier domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.trace.errors.overlap import shared, size_of
from biasscope.trace.errors.sums import MOST, Errors, energy, index_of, three, wide
from biasscope.trace.fourier import fourier_shift, shift_matrix

FEW = 16
"""Shifts from which it pays to take several at once."""


def fourier_errors(maps: Tensor, places: Sequence[int], shifts: NDArray[np.float64], margin: float = 0.0) -> Errors:
    """Squared errors of responses against their reference moved by fractions of a position, around the edges.

    As `aligned_errors`, with ``shifts`` (k, 2) that need not be whole.
    """
    maps = maps.to(wide(maps.dtype))
    right: dict[float, Tensor] = {}
    steps = [(float(y), float(x)) for y, x in shifts.tolist()]
    for x in dict.fromkeys(x for _, x in steps):
        right[x] = fourier_shift(maps[:, 0], (0.0, x))
    at_once = MOST // max(maps[:, 0].numel(), 1)
    at_once = at_once if at_once >= FEW else 1
    found = [
        _between(maps, places[first : first + at_once], steps[first : first + at_once], right, margin)
        for first in range(0, len(steps), at_once)
    ]
    return Errors(*(torch.cat(found, 2) if found else maps.new_zeros(3, len(maps), 0)))


def _between(
    maps: Tensor, places: Sequence[int], steps: Sequence[tuple[float, float]], right: Mapping[float, Tensor],
    margin: float,
) -> Tensor:  # fmt: skip
    """Energies of difference, response and moved reference, (3, P, k), for a few shifts at once."""
    if len(places) == 1:
        (place,), ((y, x),) = places, steps
        moved, response = fourier_shift(right[x], (y, 0.0)), maps[:, place]
        if margin:
            _, rows, columns = shared(size_of(maps), (y, x), True, margin)
            moved, response = moved[..., rows, columns], response[..., rows, columns]
        return three(response.flatten(1), moved.flatten(1))[..., None]
    down = torch.stack([shift_matrix(maps.shape[-2], y, maps.dtype, maps.device) for y, _ in steps])
    moved = down[:, None] @ torch.stack([right[x] for _, x in steps], 1)
    response = maps[:, index_of(places)]
    if margin:
        inside = torch.stack([_inside(size_of(maps), step, margin, maps.dtype, maps.device) for step in steps])[:, None]
        moved, response = moved.mul_(inside), response * inside
    return torch.stack([energy(part.flatten(2)) for part in (response - moved, response, moved)])


@lru_cache(1 << 10)
def _inside(
    size: tuple[int, int], step: tuple[float, float], margin: float, dtype: torch.dtype, device: torch.device
) -> Tensor:
    """1 where a position is inside before and after a shift, 0 elsewhere, (H, W); NaN where none is."""
    made = torch.zeros(size, dtype=dtype, device=device)
    _, rows, columns = shared(size, step, True, margin)
    made[rows, columns] = 1
    return made if made.any() else made.fill_(torch.nan)
