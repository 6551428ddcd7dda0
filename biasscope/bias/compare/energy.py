"""Energy distance between two sets of boxes on a grid of cells, with images, not boxes, as the units.

The energy distance ``D2 = 2 E|X - Y| - E|X - X'| - E|Y - Y'|`` is 0 only when both sides have the same law, needs few
units and no bandwidth, and on cells it is a quadratic form of the difference of shares, so that every cell has features
with ``D2 = |mean of A - mean of B|**2``. Half of ``D2 / E|X - Y|`` lies in [0, 1].

References
----------
Szekely & Rizzo, *Energy statistics*, J. Stat. Planning and Inference 143 (2013), sections 2 and 6 (the coefficient of
inhomogeneity); Sejdinovic et al., Annals of Statistics 41 (2013), theorem 22 (its kernel).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.jackknife import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """Cells with distances between their centres, shape (k, k), and features, shape (k, r)."""

    distance: Floats
    features: Floats


class Units(NamedTuple):
    """Images (of one class each): contributions to the sums, one row a unit.

    ``features`` (U, r) and ``reach`` (U, 2; sums of distances to the boxes of side a and of side b) are sums over the
    ``boxes`` (U,) of a unit; ``inner`` (U,) is the sum of distances between its own boxes, each pair twice; ``owner``
    is its class, ``side`` 0 or 1.
    """

    owner: Ints
    side: Ints
    boxes: Floats
    features: Floats
    reach: Floats
    inner: Floats


def grid_cells(bins: int) -> Cells:
    """Cells of a bins x bins grid on the unit square, row-major from the top left.

    >>> cells = grid_cells(2)
    >>> gap = cells.features[0] - cells.features[1]
    >>> round(float(gap @ gap), 6), float(2 * cells.distance[0, 1])
    (1.0, 1.0)
    """
    centre = (np.arange(bins, dtype=np.float64) + 0.5) / bins
    points = np.stack([np.tile(centre, bins), np.repeat(centre, bins)], axis=1)
    return cells_at(points)


def line_cells(bins: int, width: float) -> Cells:
    """Cells of equal width on a line."""
    return cells_at(np.asarray(np.arange(bins)[:, None] * width, np.float64))


def cells_at(points: Floats) -> Cells:
    """Cells with their centres at ``points`` (k, d)."""
    distance = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1))
    centring = np.eye(len(points)) - 1 / len(points)
    values, vectors = np.linalg.eigh(-centring @ distance @ centring)
    kept = values > 1e-9 * values[-1]
    return Cells(distance, vectors[:, kept] * np.sqrt(values[kept]))


def units_of(cell: Ints, owner: Ints, image: Ints, side: Ints, cells: Cells, owners: int) -> Units:
    """Units from boxes: one for each pair of class and image; boxes with ``cell`` below 0 are left out."""
    held = cell >= 0
    cell, owner, image, side = cell[held], owner[held], image[held], side[held]
    order = np.lexsort([image, side, owner])
    cell, owner, image, side = cell[order], owner[order], image[order], side[order]
    new = np.ones(len(cell), bool)
    new[1:] = (np.diff(owner) != 0) | (np.diff(image) != 0) | (np.diff(side) != 0)
    starts = np.flatnonzero(new)
    counts = np.bincount((owner * 2 + side) * len(cells.distance) + cell, minlength=2 * owners * len(cells.distance))
    reach_of = counts.reshape(owners, 2, -1) @ cells.distance
    reach = np.stack([reach_of[owner, other, cell] for other in (0, 1)], axis=1)
    boxes = np.diff(starts, append=len(cell)).astype(np.float64)
    if not len(starts):
        return Units(owner, side, boxes, np.zeros((0, cells.features.shape[1])), np.zeros((0, 2)), boxes)
    features = np.add.reduceat(cells.features[cell], starts, axis=0)
    norms = np.add.reduceat((cells.features**2).sum(1)[cell], starts)
    inner = boxes * norms - np.einsum("ur,ur->u", features, features)
    return Units(owner[starts], side[starts], boxes, features, np.add.reduceat(reach, starts, axis=0), inner)


def energy_distance(units: Units, owners: int, *, level: float = 0.95) -> Estimate:
    """Root of the coefficient of inhomogeneity of every class, with a delete-an-image jackknife interval.

    Expectations within a side are taken over pairs of different images, so that the square is unbiased whatever the
    number of boxes an image; a negative square gives 0. The interval is made for the square, sides apart, with a t
    quantile of the smaller side, and its root taken; the upper bound is that of a square of 0 at least. In simulations
    (15 to 200 images a side) it covered 90 to 100 % away from 0 at a nominal 95 %, and always at 0, where the
    jackknife variance is too large.

    Returns
    -------
    Estimate
        NaN for classes with fewer than two images on a side; bounds and error NaN for fewer than three, of which a
        side without one image has no pairs left.
    """
    from scipy.special import stdtrit

    slot, sums = units.owner * 2 + units.side, _sums(units, owners)
    whole = _coefficient(*sums)
    left = _without(units, sums)
    images = np.bincount(slot, minlength=2 * owners).reshape(owners, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.bincount(slot, left, minlength=2 * owners).reshape(owners, 2) / images
        spread = (left - centre[units.owner, units.side]) ** 2
        squares = np.bincount(slot, spread, minlength=2 * owners).reshape(owners, 2)
        error = np.sqrt(((images - 1) / images * squares).sum(1))
    least = images.min(1)
    reach = stdtrit(np.maximum(least - 1, 1), (1 + level) / 2) * error
    high = np.maximum(whole, 0.0) + reach  # a square below 0 is chance, and no surer that there is no distance
    value, low, high = (np.sqrt(np.clip(part, 0.0, 1.0)) for part in (whole, whole - reach, high))
    bounds = (np.where(least >= 3, part, np.nan) for part in (low, high, error))
    return Estimate(np.where(least >= 2, value, np.nan), *bounds)


class _Sums(NamedTuple):
    """Sums over each class and side, shape (C, 2).

    Of distances to the own side and to the other, of those within images, of boxes, of their squared number an image.
    """

    near: Floats
    across: Floats
    inner: Floats
    boxes: Floats
    pairs: Floats


def _sums(units: Units, owners: int) -> _Sums:
    slot, at = units.owner * 2 + units.side, np.arange(len(units.owner))
    near, across = units.reach[at, units.side], units.reach[at, 1 - units.side]
    each = (near, across, units.inner, units.boxes, units.boxes**2)
    made = (np.bincount(slot, part, minlength=2 * owners).astype(np.float64).reshape(owners, 2) for part in each)
    return _Sums(*made)


def _coefficient(near: Floats, across: Floats, inner: Floats, boxes: Floats, pairs: Floats) -> Floats:
    """The coefficient from sums whose last axis is (own side, other side) or (a, b)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        within = (near - inner) / (boxes**2 - pairs)
        between = across[..., 0] / boxes.prod(-1)
        return np.asarray(1 - within.sum(-1) / (2 * between))


def _without(units: Units, sums: _Sums) -> Floats:
    """The coefficient of each unit's class without that unit."""
    at, o = np.arange(len(units.owner)), 1 - units.side
    held = [np.stack([part[units.owner, units.side], part[units.owner, o]], axis=1) for part in sums]
    near, across, inner, boxes, pairs = held
    near[:, 0] += units.inner - 2 * units.reach[at, units.side]
    across[:, 0] -= units.reach[at, o]
    inner[:, 0] -= units.inner
    boxes[:, 0] -= units.boxes
    pairs[:, 0] -= units.boxes**2
    found = _coefficient(near, across, inner, boxes, pairs)
    return np.where(np.isfinite(found), found, 0.0)
