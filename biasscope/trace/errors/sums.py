"""Sums of squares that errors are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

MOST = 1 << 18
"""Numbers that are compared at a time, so that differences stay in the cache."""


class Errors(NamedTuple):
    """Sums of squares over a stack of maps, each (P, k): of the difference, the response, the moved reference."""

    difference: Tensor
    response: Tensor
    reference: Tensor


def wide(dtype: torch.dtype) -> torch.dtype:
    """Type that sums are kept in."""
    return torch.float64 if dtype == torch.float64 else torch.float32


def index_of(places: Sequence[int]) -> slice | list[int]:
    """Places as a slice if they follow one another, so that nothing is copied."""
    first, last = places[0], places[-1]
    return slice(first, last + 1) if last - first + 1 == len(places) else list(places)


def length(flat: Tensor) -> Tensor:
    """Euclidean length along the last axis."""
    length: Tensor = torch.linalg.vector_norm(flat, dim=-1)
    return length


def energy(flat: Tensor) -> Tensor:
    """Sum of squares along the last axis."""
    return length(flat).square_()


def three(response: Tensor, moved: Tensor) -> Tensor:
    """Energies of difference, response and moved reference, (3, P)."""
    if not response.shape[1]:
        return response.new_full((3, len(response)), torch.nan)
    return torch.stack([energy(response - moved), energy(response), energy(moved)])


def joined(maps: Tensor, found: list[Tensor]) -> Errors:
    """Join one (3, P) a shift, as `three` gives it, to errors of all shifts."""
    return Errors(*(torch.stack(found, 2) if found else maps.new_zeros(3, len(maps), 0)))
