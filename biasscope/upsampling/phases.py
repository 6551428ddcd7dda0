"""Maps by the phase of their positions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor

Period = tuple[int, ...]


def interior(maps: Tensor, period: Sequence[int], margin: int | Sequence[int] = 0) -> Tensor | None:
    """Leave out the border and cut to whole periods, so that the first position has phase 0.

    Parameters
    ----------
    maps
        (N, C, ...), one to three axes.
    period
        Phases along each axis.
    margin
        Least number of positions to leave out on every side.

    Returns
    -------
        The part; ``None`` where it would be less than two periods along an axis of more than one phase.

    Examples
    --------
    >>> interior(torch.zeros(1, 1, 11), (4,)).shape, interior(torch.zeros(1, 1, 11), (4,), 1) is None
    (torch.Size([1, 1, 8]), True)
    """
    sides = [margin] * len(period) if isinstance(margin, int) else list(margin)
    for axis, (step, side) in enumerate(zip(period, sides, strict=True), start=2):
        first = -(-side // step) * step
        count = (maps.shape[axis] - side - first) // step
        if count < (2 if step > 1 else 1):
            return None
        maps = maps.narrow(axis, first, count * step)
    return maps


def fitting(maps: Tensor, period: Sequence[int], margin: int | None = None) -> list[int] | None:
    """Margins along each axis that leave two periods, the widest that are tried; ``None`` where there are none.

    Parameters
    ----------
    maps
        (N, C, ...).
    period
        Phases along each axis.
    margin
        Positions to leave out on every side; if not given, an eighth of every side, or else none.

    Examples
    --------
    >>> fitting(torch.zeros(1, 1, 32, 32), (8, 8)), fitting(torch.zeros(1, 1, 16, 16), (8, 8))
    ([4, 4], [0, 0])
    """
    sides = maps.shape[2:]
    if prod(period) == 1 or len(period) != len(sides):
        return None
    tried = ([side // 8 for side in sides], [0] * len(sides)) if margin is None else ([margin] * len(sides),)
    return next((around for around in tried if interior(maps, period, around) is not None), None)


def by_phase(maps: Tensor, period: Sequence[int]) -> Tensor:
    """Positions in order of their phase, (N, C, phases, positions of each); sides are multiples of the period.

    >>> by_phase(torch.arange(4.0).view(1, 1, 4), (2,)).tolist()
    [[[[0.0, 2.0], [1.0, 3.0]]]]
    """
    shape: list[int] = []
    for side, step in zip(maps.shape[2:], period, strict=True):
        shape += [side // step, step]
    dims = len(period)
    split = maps.reshape(*maps.shape[:2], *shape)
    order = [0, 1, *(3 + 2 * axis for axis in range(dims)), *(2 + 2 * axis for axis in range(dims))]
    return split.permute(order).flatten(2, 1 + dims).flatten(3)


def phase_means(maps: Tensor, period: Sequence[int], margin: int | Sequence[int] = 0) -> Tensor | None:
    """Mean of every phase, (N, C, phases along each axis), in float64; ``None`` where the map is too small.

    Parameters
    ----------
    maps
        (N, C, ...).
    period
        Phases along each axis.
    margin
        As in `interior`.

    Returns
    -------
        One mean for each picture, channel and phase.

    Examples
    --------
    >>> phase_means(torch.tensor([[[1.0, 5.0, 3.0, 7.0]]]), (2,)).tolist()
    [[[2.0, 6.0]]]
    """
    part = interior(maps, period, margin)
    if part is None:
        return None
    return tile_means(part.double(), period, [1] * len(period)).reshape(*part.shape[:2], *period)


def tile_means(maps: Tensor, period: Sequence[int], tiles: Sequence[int]) -> Tensor:
    """Mean of every phase in tiles, (N, C, tiles and phases along the first axis, then along the next, ...).

    One axis after the other. Tiles are as equal as whole periods allow: the first ones have a period more.

    Parameters
    ----------
    maps
        (N, C, ...), sides of whole periods.
    period
        Phases along each axis.
    tiles
        Tiles along each axis, no more than periods.

    Examples
    --------
    >>> tile_means(torch.arange(8.0).view(1, 1, 8), (2,), (2,)).tolist()
    [[[[1.0, 2.0], [5.0, 6.0]]]]
    >>> tile_means(torch.arange(6.0).view(1, 1, 6), (2,), (2,)).tolist()
    [[[[1.0, 2.0], [4.0, 5.0]]]]
    """
    for place, (step, count) in enumerate(zip(period, tiles, strict=True)):
        axis = 2 + 2 * place
        if maps.shape[axis] % (count * step) == 0:
            maps = torch.unflatten(maps, axis, (count, -1, step)).mean(axis + 1)
        else:
            parts = torch.unflatten(maps, axis, (-1, step)).tensor_split(count, axis)
            maps = torch.stack([part.mean(axis) for part in parts], axis)
    return maps


def tile_sizes(periods: int, count: int) -> list[int]:
    """Periods of every tile of `tile_means` along one axis.

    >>> tile_sizes(13, 5)
    [3, 3, 3, 2, 2]
    """
    return [periods // count + (tile < periods % count) for tile in range(count)]


def squares(maps: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Sum of squares about the mean along some axes.

    >>> squares(torch.tensor([[[1.0, 3.0, 5.0]]]), (2,)).round().tolist()
    [[8.0]]
    """
    norm: Tensor = torch.linalg.vector_norm(maps - maps.mean(axes, keepdim=True), dim=axes)
    return norm.square()


def pattern(maps: Tensor, period: Sequence[int], margin: int | Sequence[int] = 0) -> Tensor | None:
    """The pattern itself: mean over pictures of every phase less the mean over phases, (C, phases along each axis).

    Parameters
    ----------
    maps, period, margin
        As in `phase_means`.

    Returns
    -------
        In the unit of the maps; ``None`` where the map is too small.

    Examples
    --------
    >>> pattern(torch.tensor([[[1.0, 5.0, 3.0, 7.0]]]), (2,)).tolist()
    [[-2.0, 2.0]]
    """
    means = phase_means(maps, period, margin)
    if means is None:
        return None
    mean = means.mean(0)
    return mean - mean.flatten(1).mean(1).view(-1, *(1,) * len(period))


def lattice(shape: Sequence[int], period: Sequence[int]) -> Tensor:
    """Which bins of a discrete Fourier transform are whole multiples of the stride frequencies, DC included.

    Sides are multiples of the period.

    >>> lattice((4, 2), (2, 1)).tolist()
    [[True, False], [False, False], [True, False], [False, False]]
    """
    out = torch.ones((), dtype=torch.bool)
    for side, step in zip(shape, period, strict=True):
        line = torch.arange(side) % (side // step) == 0
        out = out[..., None] & line
    return out
