"""What is compared: position in feasible coordinates, and scale, each as cells with one number a box."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biasscope.bias.columns import Columns, columns_of, labels_of, representatives
from biasscope.bias.compare.energy import Cells, Floats, Ints, Units, grid_cells, line_cells, units_of
from biasscope.bias.placement import Position, position_of
from biasscope.core.errors import InputError, UsageError
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
    lead
        Which boxes of a, then of b, are of the one class that stands for their image; its classes take turns by chance.
    per_image
        ``all`` boxes, or ``one`` of a class an image.
    occurs
        Whether each class occurs on each side, boxes that were not looked at included, shape (C, 2).
    sampled
        Whether some boxes of either side were not looked at, beyond one box of a class an image.
    """

    columns: tuple[Columns, Columns]
    positions: tuple[Position, Position]
    lead: NDArray[np.bool_]
    occurs: NDArray[np.bool_]
    per_image: str
    sampled: bool

    @cached_property
    def label(self) -> Ints:
        """Class of each box."""
        return np.concatenate([side.label for side in self.columns])

    @cached_property
    def image(self) -> Ints:
        """Image of each box, numbered over both sides."""
        first, second = self.columns
        return np.concatenate([first.image, second.image + first.images])

    @cached_property
    def side(self) -> Ints:
        """Side of each box, 0 or 1."""
        return np.repeat([0, 1], [side.n for side in self.columns])

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes of either side."""
        return self.columns[0].labels

    @property
    def together(self) -> Sides:
        """The boxes to take where all classes are looked at together: all, or one an image."""
        return self.alone if self.per_image == "one" else self

    @cached_property
    def alone(self) -> Sides:
        """Boxes of one class an image; the same object where no image holds several."""
        if self.lead.all():
            return self
        lead = np.split(self.lead, [self.columns[0].n])
        pairs = zip(self.columns, self.positions, lead, strict=True)
        first, second = ((columns.take(rows), position.take(rows)) for columns, position, rows in pairs)
        kept = np.ones(int(self.lead.sum()), bool)
        return Sides((first[0], second[0]), (first[1], second[1]), kept, self.occurs, self.per_image, self.sampled)

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
    a: pl.DataFrame | pl.LazyFrame,
    b: pl.DataFrame | pl.LazyFrame,
    *,
    per_image: str,
    most: int,
    available: tuple[int, int] | None = None,
    seed: int,
) -> Sides:
    """Both sides from frames with the columns of BOXES; ``per_image`` is ``all`` or ``one`` of a class.

    Raises
    ------
    InputError
        Neither side has a box with a label.
    UsageError
        For ``per_image`` other than ``all`` or ``one``.
    """
    if per_image not in ("all", "one"):
        raise UsageError(f"per_image is 'all' or 'one', not {per_image!r}")
    held = tuple(set(labels_of(frame)) for frame in (a, b))
    labels = tuple(sorted(held[0] | held[1]))
    if not labels:
        hint = "Classes are compared: give at least one side boxes with a label."
        raise InputError("neither side has a box with a label", hint=hint)
    occurs = np.array([[label in side for side in held] for label in labels], bool).reshape(-1, 2)
    first, second = (
        columns_of(frame, labels=labels, most=most, seed=seed, available=whole)
        for frame, whole in zip((a, b), available or (None, None), strict=True)
    )
    sampled, rng = first.sampled or second.sampled, generator(seed, "compare one box an image")
    (first, ours), (second, theirs) = (_chosen(side, per_image, rng) for side in (first, second))
    rng = generator(seed, "compare position")
    positions = tuple(
        position_of(side.corners, side.width, side.height, side.sized, rng.random((4, side.n)))
        for side in (first, second)
    )
    return Sides(
        (first, second), (positions[0], positions[1]), np.concatenate([ours, theirs]), occurs, per_image, sampled
    )


def _chosen(side: Columns, per_image: str, rng: np.random.Generator) -> tuple[Columns, NDArray[np.bool_]]:
    """The boxes to look at, and which of them lead their image."""
    of_class, of_image = representatives(side, rng)
    if per_image == "one":
        return side.take(of_class), np.isin(of_class, of_image)
    return side, side.label == side.label[of_image][side.image]


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
