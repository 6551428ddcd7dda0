"""The shifts that a network is traced over, and how far each moves the maps of a layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biasscope.core.errors import UsageError
from biasscope.trace.errors.runs import Runs, find_runs

if TYPE_CHECKING:
    from biasscope.trace.layer import Size, Stride
    from biasscope.transforms import Transformation

WRAPPING = ("circular", "fourier")
"""Protocols under which content that leaves on one side enters on the other."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What every layer needs to know about the views.

    Attributes
    ----------
    offsets
        Shift (dy, dx) of each view against the reference, in pixels, shape (S, 2).
    reference
        Index of the reference.
    wraps
        Whether shifts are circular.
    seed
        For measures that sample maps or project features.
    """

    offsets: NDArray[np.float64]
    reference: int
    wraps: bool
    seed: int = 0

    @property
    def views(self) -> int:
        """Number of views S."""
        return len(self.offsets)

    @cached_property
    def others(self) -> list[int]:
        """Views other than the reference, those that moved furthest down and right first, so that they form `Runs`."""
        order = np.lexsort((-self.offsets[:, 1], -self.offsets[:, 0])).tolist()
        return [view for view in order if view != self.reference]


def plan_of(transformation: Transformation, seed: int = 0) -> Plan:
    """Read the shifts of a transformation.

    Raises
    ------
    UsageError
        Its views are no shifts.
    """
    columns = transformation.coordinates
    if "dy" not in columns or "dx" not in columns:
        raise UsageError(f"layers are traced over shifts, and {transformation.name} does not shift")
    offsets = np.stack([np.asarray(columns[axis], np.float64) for axis in ("dy", "dx")], 1)
    offsets = offsets - offsets[transformation.reference]
    return Plan(offsets, transformation.reference, transformation.name in WRAPPING, seed)


def transformation_of(shifts: Any, strides: Iterable[Stride | None], size: Size) -> Transformation:
    """Make the transformation that was asked for.

    Parameters
    ----------
    shifts
        A transformation; a protocol with or without a grid (``"crop"``, ``"circular:7x7"``); a grid of circular shifts
        (``"0..7"``); pairs (dy, dx) of circular shifts; a number n, circular shifts 0 .. n - 1 on both axes; or
        nothing: 0 .. 7 on both axes and multiples of the largest stride, where layers can be compared exactly.
    strides
        Cumulative strides of the network.
    size
        Rows and columns of the picture.
    """
    from biasscope.transforms import PROTOCOLS, Circular, Transformation, make

    if isinstance(shifts, Transformation):
        return shifts
    if shifts is None:
        return Circular(_grid(default_shifts(strides, size)))
    if isinstance(shifts, str):
        name, _, grid = shifts.partition(":")
        return make(name, grid=grid or None) if name in PROTOCOLS else Circular(shifts)
    if isinstance(shifts, int):
        return Circular(f"0..{shifts - 1}")
    return Circular(_grid(shifts))


def default_shifts(strides: Iterable[Stride | None], size: Size) -> list[tuple[int, int]]:
    """Every shift of 0 .. 7 pixels, and multiples of the largest stride that are not among them."""
    largest = max((int(max(stride)) for stride in strides if stride is not None), default=1)
    pairs = {(y, x): None for y in range(min(8, size[0])) for x in range(min(8, size[1]))}
    for y, x in ((largest, 0), (0, largest), (largest, largest)):
        if y < size[0] and x < size[1]:
            pairs[y, x] = None
    return list(pairs)


def _grid(pairs: Sequence[tuple[int, int]]) -> str:
    return ";".join(f"{y},{x}" for y, x in np.asarray(pairs).tolist())


def moves(offsets: NDArray[np.float64], stride: Stride | None) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How many positions each shift moves a map, (S, 2), and whether these are whole numbers, (S,).

    Behind a global pool nothing moves: zeros, all whole.
    """
    if stride is None:
        return np.zeros_like(offsets), np.ones(len(offsets), bool)
    steps = offsets / np.array([float(part) for part in stride])
    whole = np.abs(steps - np.rint(steps)).max(1, initial=0) < 1e-9
    return np.where(whole[:, None], np.rint(steps), steps), whole


class Geometry(NamedTuple):
    """How far the views of a chunk move the maps of a layer.

    Attributes
    ----------
    moves
        Positions (down, right), (V, 2).
    exact, between
        Places of the views that move by whole positions and of the others, the reference (place 0) in neither.
    shifts, runs
        Moves of the exact ones, one by one and on grids.
    """

    moves: NDArray[np.float64]
    exact: list[int]
    between: list[int]
    shifts: list[tuple[int, int]]
    runs: Runs


def geometry(plan: Plan, stride: Stride | None, size: Size, views: Sequence[int]) -> Geometry:
    """Geometry of some views at a layer."""
    steps, whole = moves(plan.offsets[list(views)], stride)
    places = range(1, len(views))
    exact = [place for place in places if whole[place]]
    shifts = [(round(y), round(x)) for y, x in steps[exact].tolist()]
    between = [place for place in places if not whole[place]]
    return Geometry(steps, exact, between, shifts, find_runs(exact, shifts, size))


def phases(offsets: NDArray[np.float64], stride: Stride) -> NDArray[np.int64]:
    """Phase of every shift, shift mod stride, numbered in order of appearance; shape (S,)."""
    period = np.maximum(np.array([float(part) for part in stride]), 1.0)
    found: dict[tuple[float, ...], int] = {}
    keys = [tuple(row) for row in np.round(np.mod(offsets, period), 6).tolist()]
    return np.array([found.setdefault(key, len(found)) for key in keys], np.int64)
