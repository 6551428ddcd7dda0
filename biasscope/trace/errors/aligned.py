"""Squared errors of responses against their reference moved by whole positions, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor

from biasscope.trace.errors.overlap import overlapping_errors
from biasscope.trace.errors.runs import Run, Runs, find_runs
from biasscope.trace.errors.sums import MOST, Errors, energy, index_of, length, wide

NARROW = 8
"""Columns up to which rolled copies are quicker than windows."""
LONG = 24
"""Columns from which pieces of rows are quicker than rolled rows."""


def aligned_errors(
    maps: Tensor,
    places: Sequence[int],
    shifts: Sequence[tuple[int, int]],
    wraps: bool = True,
    runs: Runs | None = None,
    margin: float = 0.0,
) -> Errors:
    """Squared errors of responses against their reference moved by whole positions.

    Parameters
    ----------
    maps
        (P, V, C, H, W), the reference at place 0.
    places
        Which of the V places to compare, k of them, ascending.
    shifts
        By how many positions (down, right) the reference is moved for each.
    wraps
        Whether it is rolled around; otherwise only what both cover is compared.
    runs
        The same shifts on grids (`find_runs`), where they are known already.
    margin
        Share of the side that is left out at every edge, before and after the shift; then nothing wraps.
    """
    maps = maps.to(wide(maps.dtype))
    if not wraps or margin:
        return overlapping_errors(maps, places, shifts, wraps, margin)
    if not places:
        return Errors(*maps.new_zeros(3, len(maps), 0))
    if len(places) <= len(maps) and not (maps.requires_grad and torch.is_grad_enabled()):
        difference = _pieces(maps, places, shifts)
    elif maps.shape[-1] <= NARROW:
        difference = _rolled(maps, places, shifts)
    else:
        difference = _windows(maps, runs or find_runs(places, shifts, (maps.shape[-2], maps.shape[-1])))
    if 2 * len(places) >= maps.shape[1]:
        energies = energy(maps.flatten(2))
        own, response = energies[:, :1], energies[:, index_of(places)]
    else:
        own = energy(maps[:, 0].flatten(1))[:, None]
        response = torch.stack([energy(maps[:, place].flatten(1)) for place in places], 1)
    return Errors(difference, response, own.expand_as(difference))  # the moved reference has the energy of its own


def _pieces(maps: Tensor, places: Sequence[int], shifts: Sequence[tuple[int, int]]) -> Tensor:
    """Energies of differences, (P, k), one shift at a time, by the pieces that a roll cuts the reference into.

    Short rows are rolled instead, once for shifts that go as far sideways.
    """
    height, width = maps.shape[-2:]
    rolls: dict[int, Tensor] = {}
    room = torch.empty_like(maps[:, 0], memory_format=torch.contiguous_format)
    found = []
    for place, (down, right) in zip(places, shifts, strict=True):
        response, reference, step = maps[:, place], maps[:, 0], right % width
        if step and width < LONG:
            if step not in rolls:
                rolls[step] = reference.roll(step, -1)
            reference, step = rolls[step], 0
        for top, row in _cut(height, down):
            for left, column in _cut(width, step):
                area = ..., row, column
                torch.sub(reference[..., top, left], response[area], out=room[area])
        found.append(length(room.flatten(1)))
    return torch.stack(found, 1).square_()


def _cut(size: int, step: int) -> list[tuple[slice, slice]]:
    """Pieces of a side before and after it was rolled.

    >>> _cut(4, 1)
    [(slice(0, 3, None), slice(1, 4, None)), (slice(3, 4, None), slice(0, 1, None))]
    """
    step %= size
    if not step:
        return [(slice(0, size), slice(0, size))]
    return [(slice(0, size - step), slice(step, size)), (slice(size - step, size), slice(0, step))]


def _rolled(maps: Tensor, places: Sequence[int], shifts: Sequence[tuple[int, int]]) -> Tensor:
    """Energies of differences, (P, k), the reference rolled once for every distinct shift."""
    height, width = maps.shape[-2:]
    keys = [(y % height, x % width) for y, x in shifts]
    rolls = {key: maps[:, 0].roll(key, (-2, -1)) for key in dict.fromkeys(keys)}
    return energy((maps[:, index_of(places)] - torch.stack([rolls[key] for key in keys], 1)).flatten(2))


def _windows(maps: Tensor, runs: Runs) -> Tensor:
    """Likewise, moved references being windows of one that goes on beyond its edges."""
    reference = _around(maps[:, 0], runs)
    found = torch.cat([_grid(maps, reference, run) for run in runs.runs], 1)
    if runs.order == tuple(range(len(runs.order))):
        return found
    return found[:, torch.tensor(runs.order, device=maps.device).argsort()]


def _around(reference: Tensor, runs: Runs) -> Tensor:
    """Reference (P, C, H, W) going on beyond its edges as far as the shifts need."""
    for axis, before, after in zip((-2, -1), runs.before, runs.after, strict=True):
        size = reference.shape[axis]
        if before or after:
            parts = [reference.narrow(axis, size - before, before), reference, reference.narrow(axis, 0, after)]
            reference = torch.cat(parts, axis)
    return reference


def _grid(maps: Tensor, reference: Tensor, run: Run) -> Tensor:
    """Energy of the differences of a grid, (P, k), a part at a time."""
    pictures, _, *shape = maps.shape
    place, top, left = run.start
    steps = (run.down, run.right)
    down, right = reference.stride()[-2:]
    responses = maps.as_strided(
        (pictures, run.rows, run.columns, *shape),
        (maps.stride(0), *(step[0] * maps.stride(1) for step in steps), *maps.stride()[2:]),
        maps.storage_offset() + place * maps.stride(1),
    )
    moved = reference.as_strided(
        (pictures, run.rows, run.columns, *shape),
        (reference.stride(0), *(step[1] * down + step[2] * right for step in steps), *reference.stride()[1:]),
        reference.storage_offset() + top * down + left * right,
    )
    row = run.columns * prod(shape)
    rows = max(min(MOST // row, run.rows), 1)
    many = max(min(MOST // (row * run.rows), pictures), 1)
    parts = [
        [
            energy((responses[p : p + many, r : r + rows] - moved[p : p + many, r : r + rows]).flatten(3)).flatten(1)
            for r in range(0, run.rows, rows)
        ]
        for p in range(0, pictures, many)
    ]
    return torch.cat([torch.cat(part, 1) for part in parts]) if len(parts) > 1 else torch.cat(parts[0], 1)
