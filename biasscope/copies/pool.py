"""The different versions of an image that a transformation can make, and which of them a network is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.core.randomness import uniform
from biasscope.transforms.grid import parse_grid
from biasscope.transforms.number_list import parse_numbers

AXES = ("shift", "rotate", "scale")
BLOCK = 4096
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pool:
    """Versions of an image: P combinations of a shift, a rotation and a scale.

    Attributes
    ----------
    names
        Axes: ``shift``, ``rotate``, ``scale``.
    sizes
        Number of different values on each axis; P is their product, the last axis runs fastest.
    identity
        Index on each axis of the value that changes nothing (or least).
    dy, dx
        Shift of the content in whole pixels, positive down and right, (P,).
    angle
        Degrees, counter-clockwise, (P,).
    scale
        Factor of size, (P,).

    Examples
    --------
    >>> from biasscope.copies import make_pool
    >>> pool = make_pool("shift", shifts="2x2")
    >>> pool.names, pool.dy.tolist()
    (('shift',), [-1, -1, 0, 0])
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    identity: tuple[int, ...]
    dy: NDArray[np.int64]
    dx: NDArray[np.int64]
    angle: Floats
    scale: Floats

    def __len__(self) -> int:
        """Give the number of versions P."""
        return len(self.dy)

    @property
    def reference(self) -> int:
        """Index of the version that is the image as it is."""
        return int(np.ravel_multi_index(self.identity, self.sizes))

    @property
    def reach(self) -> int:
        """Largest shift along either axis in pixels."""
        return int(max(np.abs(self.dy).max(), np.abs(self.dx).max()))

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """Columns ``dy, dx, angle, scale``, each (P,)."""
        return {"dy": self.dy, "dx": self.dx, "angle": self.angle, "scale": self.scale}

    def contains(self, other: Pool) -> NDArray[np.bool_]:
        """Which versions of another pool lie within the ranges of this one, (P of the other,)."""
        inside = np.ones(len(other), np.bool_)
        for name, values in self.columns().items():
            low, high = float(np.min(values)), float(np.max(values))
            theirs = np.asarray(other.columns()[name], np.float64)
            inside &= (theirs >= low - 1e-9) & (theirs <= high + 1e-9)
        return inside


def make_pool(
    transform: str = "shift", *, shifts: str = "8x8", angles: str = "-30..30:10", scales: str = "0.7,0.85,1,1.15"
) -> Pool:
    """Versions by name of the transformation.

    Parameters
    ----------
    transform
        ``shift``, ``rotate``, ``scale`` or a product: ``shift+rotate``.
    shifts
        Grid of whole shifts: ``8x8`` are the 64 phases of a network with stride product 8; ``-5..5`` is a range.
    angles, scales
        Values in degrees, and factors of size.

    Returns
    -------
        All combinations of the values of its axes.

    Raises
    ------
    UsageError
        The transformation is not known, a shift is not whole, or a scale is not positive.

    Examples
    --------
    >>> len(make_pool("shift", shifts="4x4")), len(make_pool("shift+rotate", shifts="4x4", angles="-10,0,10"))
    (16, 48)
    """
    names = tuple(transform.split("+"))
    if not names or len(set(names)) != len(names) or not set(names) <= set(AXES):
        raise UsageError(f"transformation {transform!r} is not known", hint="Say shift, rotate, scale or shift+rotate.")
    values = {"shift": _shifts(shifts), "rotate": _angles(angles), "scale": _numbers(scales, 1.0)}
    sizes = tuple(len(values[name]) for name in names)
    chosen = dict(zip(names, np.unravel_index(np.arange(np.prod(sizes)), sizes), strict=True))
    nothing = {"shift": np.zeros((1, 2)), "rotate": np.zeros(1), "scale": np.ones(1)}
    count = int(np.prod(sizes))
    full = {n: values[n][chosen[n]] if n in chosen else np.repeat(nothing[n], count, 0) for n in AXES}
    if (full["scale"] <= 0).any():
        raise UsageError("scales are positive", where="scales")
    moved = full["shift"].astype(np.int64)
    identity = tuple(_identity(values[name], nothing[name]) for name in names)
    return Pool(names, sizes, identity, moved[:, 0], moved[:, 1], full["rotate"], full["scale"])


def choose(pool: Pool, copies: Sequence[int], images: int, *, seed: int) -> Tensor:
    """Pick the versions each training image is shown in: the image as it is, and others without replacement.

    More copies of the same seed contain fewer ones. What an image gets depends on its number and the seed alone.

    Parameters
    ----------
    pool
        Versions there are.
    copies
        Number of distinct values on each axis; the product of the values is shown.
    images
        Number of images N.
    seed
        Same seed, same choice.

    Returns
    -------
    Indices into the pool, int64 (N, product of ``copies``), distinct in each row.

    Examples
    --------
    >>> chosen = choose(make_pool("shift", shifts="4x4"), [16], 3, seed=0)
    >>> chosen.sort(1).values.tolist()[0] == list(range(16))
    True
    """
    if len(copies) != len(pool.sizes) or any(not 1 <= n <= size for n, size in zip(copies, pool.sizes, strict=True)):
        raise UsageError(f"{tuple(copies)} copies of {pool.sizes} versions", where="copies")
    index = np.zeros((images, 1), np.int64)
    for axis, (count, size, same) in enumerate(zip(copies, pool.sizes, pool.identity, strict=True)):
        picked = _order(images, size, same, count, seed, axis)
        index = (index[:, :, None] * size + picked[:, None, :]).reshape(images, -1)
    return torch.from_numpy(index)


def _order(images: int, size: int, first: int, count: int, seed: int, axis: int) -> NDArray[np.int64]:
    """Give the first ``count`` places of a random order an image, with the identity in front."""
    rows = []
    for start in range(0, images, BLOCK):
        number = np.arange(start, min(start + BLOCK, images), dtype=np.uint64)[:, None]
        key = uniform(seed, axis, number, np.arange(size, dtype=np.uint64)[None])
        key[:, first] = -1.0
        rows.append(np.argsort(key, axis=1, kind="stable")[:, :count])
    return np.concatenate(rows)


def _shifts(text: str) -> Floats:
    grid = parse_grid(text)
    if not grid.whole:
        raise UsageError("shifts of copies are whole pixels", where="shifts", hint="Write 8x8 or -5..5.")
    return np.unique(np.asarray(grid.offsets, np.float64), axis=0)


def _numbers(text: str, same: float) -> Floats:
    values = np.unique(np.asarray(parse_numbers(text), np.float64))
    return values if np.isclose(values, same).any() else np.sort(np.append(values, same))


def _angles(text: str) -> Floats:
    values = _numbers(text, 0.0)
    if len(np.unique(np.round(values % 360, 6) % 360)) < len(values):
        hint = "Name every turn once, as -180..150:30."
        raise UsageError(f"the angles {text} hold one turn twice, 360 degrees apart", where="angles", hint=hint)
    return values


def _identity(values: Floats, nothing: Floats) -> int:
    gap = np.abs(values - nothing)
    return int(np.argmin(gap.sum(1) if gap.ndim > 1 else gap))
