"""Measures of where boxes lie in their frame, from sums over groups of images, each with a jackknife interval.

Three ways of looking at position, because an augmentation changes what can be said:

- ``placement``: feasible coordinates of the boxes that do not touch the frame. A crop that cuts an object tells nothing
  of where it was put, so this is the measure of repair.
- ``feasible``: feasible coordinates of all boxes with room. Boxes cut by a crop pile up at 0 and 1.
- ``raw``: centres of the visible parts as shares of the frame, which no box with a size can spread uniformly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.columns import UNIT_FRAME
from biasscope.bias.coordinates import (
    ASIDE,
    apparent_scale,
    contact_of,
    edge_contact,
    feasible_coordinates,
    raw_centres,
    relative_size,
)
from biasscope.bias.effects import concentration, displacement
from biasscope.bias.grid import detect_grid
from biasscope.bias.grouped import Parts
from biasscope.bias.jackknife import Estimate, Scale, jackknife

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
BINS = 8


class Position(NamedTuple):
    """Position of boxes in their frames, arrays of one value a box; NaN where undefined.

    ``placement``, ``feasible`` and ``raw`` are pairs (x, y) on [0, 1]; ``touching`` says which boxes touch the
    frame; ``scale`` is the square root of the area share.
    """

    placement: tuple[Floats, Floats]
    feasible: tuple[Floats, Floats]
    raw: tuple[Floats, Floats]
    touching: NDArray[np.bool_]
    scale: Floats

    def take(self, rows: NDArray[np.bool_]) -> Position:
        """Position of some of the boxes."""
        placement, feasible, raw = ((x[rows], y[rows]) for x, y in (self.placement, self.feasible, self.raw))
        return Position(placement, feasible, raw, self.touching[rows], self.scale[rows])


def position_of(corners: Floats, width: Floats, height: Floats, sized: NDArray[np.bool_], chance: Floats) -> Position:
    """Position of boxes in their frames.

    Whole-pixel boxes are spread over their pixel (randomised integral transform), others are taken as they are. Raw
    centres are moved by next to nothing to either side, since those of boxes as wide as their frame lie between bins.

    Parameters
    ----------
    corners
        ``x0, y0, x1, y1`` in pixels as they were annotated, shape (N, 4): within half a pixel of its frame a box
        touches it, and a resize must not change that.
    width, height
        Frames in the same pixels, shape (N,).
    sized
        Whether the frame of each box is of known size, shape (N,); the others are ``UNIT_FRAME`` wide and high.
    chance
        Uniform numbers on [0, 1), shape (4, N): for either coordinate, and for the side that either centre is moved
        to. With the same numbers a box that has not moved has the same coordinates.
    """
    x0, y0, x1, y1 = corners.T
    box = (x0, y0, x1, y1, width, height)
    grid, contact = detect_grid(x0, y0, x1, y1, sized), contact_of(sized, UNIT_FRAME)
    touching = np.logical_or.reduce(edge_contact(*box, contact))
    uniform = (chance[0], chance[1])
    inner = feasible_coordinates(*box, grid=grid, uniform=uniform, margin=contact, contact=contact)
    free = (np.where(touching, np.nan, inner.u), np.where(touching, np.nan, inner.v))
    feasible = feasible_coordinates(*box, grid=grid, uniform=uniform, contact=contact)
    cx, cy = (axis + np.copysign(ASIDE, part - 0.5) for axis, part in zip(raw_centres(*box), chance[2:], strict=True))
    return Position(free, (feasible.u, feasible.v), (cx, cy), touching, apparent_scale(*relative_size(*box)))


def cell_counts(pair: tuple[Floats, Floats], slots: Ints, shape: tuple[int, ...], bins: int = BINS) -> Ints:
    """Counts on a bins x bins grid (row = y from the top), shape ``(*shape, bins**2)``; undefined points are left out.

    ``slots`` is the flat index of each point into ``shape``.
    """
    x, y = pair
    held = np.isfinite(x) & np.isfinite(y)
    column, row = (np.clip((axis[held] * bins).astype(np.int64), 0, bins - 1) for axis in (x, y))
    cells, size = bins * bins, int(np.prod(shape))
    flat = np.bincount(slots[held] * cells + row * bins + column, minlength=size * cells)
    return flat.reshape(*shape, cells)


def moments(pair: tuple[Floats, Floats], groups: Ints, count: int) -> dict[str, Parts]:
    """Displacement and concentration on both axes: of everything, and without each group."""
    held = np.isfinite(pair[0]) & np.isfinite(pair[1])
    n = _parts(groups[held], None, count)
    found: dict[str, Parts] = {}
    for name, axis in zip("uv", pair, strict=True):
        total, squares = (_parts(groups[held], weights, count) for weights in (axis[held], axis[held] ** 2))
        found[f"displacement_{name}"] = displacement(n[0], total[0]), displacement(n[1], total[1])
        found[f"concentration_{name}"] = (
            concentration(n[0], total[0], squares[0]),
            concentration(n[1], total[1], squares[1]),
        )
    return found


def interval_of(
    parts: Parts, *, level: float = 0.95, low: float = -np.inf, high: float = np.inf, scale: Scale | None = None
) -> Estimate:
    """Jackknife interval of one statistic, cut to the range that the statistic has."""
    full, left = np.atleast_1d(parts[0]), parts[1]
    known = np.isfinite(left)
    return jackknife(full, np.where(known, left, full)[None], known[None], low=low, high=high, level=level, scale=scale)


def _parts(groups: Ints, weights: Floats | None, count: int) -> Parts:
    sums = np.bincount(groups, weights, minlength=count).astype(np.float64)
    return np.asarray(sums.sum()), sums.sum() - sums
