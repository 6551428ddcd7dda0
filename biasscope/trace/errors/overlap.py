"""Squared errors over what a response and its moved reference both show, where nothing goes around the edges."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, floor

from torch import Tensor

from biasscope.trace.errors.sums import Errors, joined, three


def overlapping_errors(
    maps: Tensor, places: Sequence[int], shifts: Sequence[tuple[int, int]], wraps: bool, margin: float
) -> Errors:
    """Errors where response and moved reference show the same content; NaN where they show none."""
    found = []
    for place, shift in zip(places, shifts, strict=True):
        (y, x), rows, columns = shared(size_of(maps), shift, wraps, margin)
        response = maps[:, place, :, rows, columns].flatten(1)
        moved = maps[:, 0, :, rows.start - y : rows.stop - y, columns.start - x : columns.stop - x].flatten(1)
        found.append(three(response, moved))
    return joined(maps, found)


@lru_cache(1 << 14)
def shared(
    size: tuple[int, int], shift: tuple[float, float], wraps: bool, margin: float
) -> tuple[tuple[int, int], slice, slice]:
    """Shift (the shortest of those that are the same), and which rows and columns are inside before and after it."""
    parts, steps = [], []
    for side, step in zip(size, shift, strict=True):
        near = (step + side / 2) % side - side / 2 if wraps else step
        edge = int(margin * side)
        low, high = ceil(max(edge, edge + near) - 1e-9), floor(min(side - edge, side - edge + near) + 1e-9)
        parts.append(slice(low, max(low, high)))
        steps.append(round(near))
    return (steps[0], steps[1]), parts[0], parts[1]


def size_of(maps: Tensor) -> tuple[int, int]:
    """Rows and columns."""
    return maps.shape[-2], maps.shape[-1]
