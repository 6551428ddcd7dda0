"""What is compared: position in feasible coordinates, and scale, each as cells with one number a box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from biasscope.bias.columns import Columns, columns_of, labels_of, one_box_an_image
from biasscope.bias.compare.energy import Cells, Floats, Ints, Units, grid_cells, line_cells, units_of
from biasscope.bias.placement import Position, position_of
from biasscope.core.errors import UsageError
from biasscope.core.randomness import generator

Frame = pl.DataFrame | pl.LazyFrame
BINS = 8
SCALE_BINS, OCTAVES_A_BIN = 32, 0.25


@dataclass(frozen=True)
class Sides:
    """Both sides as one list of boxes.

    Attributes
    ----------
    columns
        Side a and side b, with the same ``labels``.
    positions
        Position of the boxes of each side.
    label, image, side
        Class, image (numbered over both sides) and side of each box of a, then of b.
    sampled
        Whether some boxes of either side were not looked at, beyond one box an image.
    """

    columns: tuple[Columns, Columns]
    positions: tuple[Position, Position]
    label: Ints
    image: Ints
    side: Ints
    sampled: bool

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes of either side."""
        return self.columns[0].labels

    def boxes(self) -> Ints:
        """Boxes of each class and side, shape (C, 2)."""
        flat = np.bincount(self.label * 2 + self.side, minlength=2 * len(self.labels))
        return flat.reshape(-1, 2)

    def feasible(self) -> tuple[Floats, Floats]:
        """Feasible coordinates of all boxes, NaN where undefined."""
        pairs = zip(*(position.feasible for position in self.positions), strict=True)
        u, v = (np.concatenate(pair) for pair in pairs)
        return u, v


def sides_of(
    a: pl.DataFrame | pl.LazyFrame, b: pl.DataFrame | pl.LazyFrame, *, per_image: str, most: int, seed: int
) -> Sides:
    """Both sides from frames with the columns of BOXES.

    Raises
    ------
    UsageError
        For ``per_image`` other than ``all`` or ``one``.
    """
    if per_image not in ("all", "one"):
        raise UsageError(f"per_image is 'all' or 'one', not {per_image!r}")
    labels = labels_of(a, b)
    first, second = (columns_of(frame, labels=labels, most=most, seed=seed) for frame in (a, b))
    sampled = first.sampled or second.sampled
    if per_image == "one":
        rng = generator(seed, "compare one box an image")
        first, second = one_box_an_image(first, rng), one_box_an_image(second, rng)
    rng = generator(seed, "compare position")
    positions = tuple(position_of(side.corners, side.width, side.height, rng) for side in (first, second))
    return Sides(
        (first, second),
        (positions[0], positions[1]),
        np.concatenate([first.label, second.label]),
        np.concatenate([first.image, second.image + first.images]),
        np.repeat([0, 1], [first.n, second.n]),
        sampled,
    )


def position_units(sides: Sides, *, pooled: bool = False) -> tuple[Units, Ints]:
    """Images with their feasible coordinates on a grid; and the cell of each box, -1 where undefined."""
    u, v = sides.feasible()
    held = np.isfinite(u) & np.isfinite(v)
    column, row = (np.minimum((axis[held] * BINS).astype(np.int64), BINS - 1) for axis in (u, v))
    cell = np.full(len(u), -1, np.int64)
    cell[held] = row * BINS + column
    return _units(sides, cell, grid_cells(BINS), pooled=pooled), cell


def scale_units(sides: Sides, *, pooled: bool = False) -> Units:
    """Images with the square root of their boxes' area share, in quarter octaves."""
    scale = np.concatenate([position.scale for position in sides.positions])
    bins = np.floor(np.log2(np.maximum(scale, 1e-9)) / OCTAVES_A_BIN).astype(np.int64) + SCALE_BINS
    return _units(sides, np.clip(bins, 0, SCALE_BINS - 1), line_cells(SCALE_BINS, OCTAVES_A_BIN), pooled=pooled)


def _units(sides: Sides, cell: Ints, cells: Cells, *, pooled: bool) -> Units:
    owner = np.zeros_like(sides.label) if pooled else sides.label
    return units_of(cell, owner, sides.image, sides.side, cells, 1 if pooled else len(sides.labels))


def images_of(units: Units, classes: int) -> Ints:
    """Images of each class and side, shape (C, 2)."""
    return np.bincount(units.owner * 2 + units.side, minlength=2 * classes).reshape(classes, 2)
