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
    ``boxes`` (U,) of a unit; ``owner`` is its class, ``side`` 0 or 1.
    """

    owner: Ints
    side: Ints
    boxes: Floats
    features: Floats
    reach: Floats


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
        return Units(owner, side, boxes, np.zeros((0, cells.features.shape[1])), np.zeros((0, 2)))
    features = np.add.reduceat(cells.features[cell], starts, axis=0)
    return Units(owner[starts], side[starts], boxes, features, np.add.reduceat(reach, starts, axis=0))


def energy_distance(units: Units, owners: int, *, level: float = 0.95) -> Estimate:
    """Root of the coefficient of inhomogeneity of every class, with a delete-an-image jackknife interval.

    Expectations within a side are taken over pairs of different images, so that the square is unbiased whatever the
    number of boxes an image; a negative square gives 0. The interval is made for the square, sides apart, with a t
    quantile of the smaller side, and its root taken.

    Returns
    -------
    Estimate
        NaN for classes with fewer than two images on a side.
    """
    from scipy.special import stdtrit

    slot, sums = units.owner * 2 + units.side, _sums(units, owners)
    whole = _coefficient(sums)
    own, other = sums.total[units.owner, units.side], sums.total[units.owner, 1 - units.side]
    left = _without(units, sums, own, other)
    images = np.bincount(slot, minlength=2 * owners).reshape(owners, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = np.bincount(slot, left, minlength=2 * owners).reshape(owners, 2) / images
        spread = (left - centre[units.owner, units.side]) ** 2
        squares = np.bincount(slot, spread, minlength=2 * owners).reshape(owners, 2)
        error = np.sqrt(((images - 1) / images * squares).sum(1))
    defined = images.min(1) >= 2
    reach = stdtrit(np.maximum(images.min(1) - 1, 1), (1 + level) / 2) * error
    value, low, high = (np.sqrt(np.clip(part, 0.0, 1.0)) for part in (whole, whole - reach, whole + reach))
    return Estimate(*(np.where(defined, part, np.nan) for part in (value, low, high, error)))


class _Sums(NamedTuple):
    """Sums over the units of each class and side, shapes (C, 2) and (C, 2, r); ``across`` is the sum of distances."""

    total: Floats
    boxes: Floats
    own: Floats
    pairs: Floats
    across: Floats


def _sums(units: Units, owners: int) -> _Sums:
    slot = units.owner * 2 + units.side
    total = np.zeros((2 * owners, units.features.shape[1]))
    if len(slot):
        starts = np.flatnonzero(np.diff(slot, prepend=-1))
        total[slot[starts]] = np.add.reduceat(units.features, starts, axis=0)
    itself = np.einsum("ur,ur->u", units.features, units.features)
    of = {"boxes": units.boxes, "own": itself, "pairs": units.boxes**2, "across": units.reach[:, 1]}
    made = {name: np.bincount(slot, values, minlength=2 * owners).reshape(owners, 2) for name, values in of.items()}
    n, own, pairs, across = (made[name].astype(np.float64) for name in ("boxes", "own", "pairs", "across"))
    return _Sums(total.reshape(owners, 2, -1), n, own, pairs, across[:, 0])


def _coefficient(sums: _Sums) -> Floats:
    a, b = sums.total[:, 0], sums.total[:, 1]
    squares = np.stack([np.einsum("cr,cr->c", a, a), np.einsum("cr,cr->c", b, b)], axis=1)
    product = np.einsum("cr,cr->c", a, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = ((squares - sums.own) / (sums.boxes**2 - sums.pairs)).sum(1)
        cross = sums.boxes.prod(1)
        return np.asarray((within - 2 * product / cross) / (2 * sums.across / cross))


def _without(units: Units, sums: _Sums, own: Floats, other: Floats) -> Floats:
    """The coefficient of each unit's class without that unit."""
    c, s, o = units.owner, units.side, 1 - units.side
    x, n = units.features, units.boxes
    square, far = np.einsum("ur,ur->u", own, own), np.einsum("ur,ur->u", other, other)
    itself = np.einsum("ur,ur->u", x, x)
    rest = square - 2 * np.einsum("ur,ur->u", x, own) + itself
    rest_n, far_n = sums.boxes[c, s] - n, sums.boxes[c, o]
    product = np.einsum("ur,ur->u", own, other) - np.einsum("ur,ur->u", x, other)
    across = sums.across[c] - units.reach[np.arange(len(c)), o]
    with np.errstate(divide="ignore", invalid="ignore"):
        near = (rest - sums.own[c, s] + itself) / (rest_n**2 - sums.pairs[c, s] + n**2)
        away = (far - sums.own[c, o]) / (far_n**2 - sums.pairs[c, o])
        cross = rest_n * far_n
        found = (near + away - 2 * product / cross) / (2 * across / cross)
    return np.where(np.isfinite(found), found, 0.0)
