"""Grids of shifts as people write them: the one place where they are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from biasscope.core.errors import UsageError
from biasscope.transforms.number_list import NUMBER, STEP, bounded, step_of

HINT = (
    "Write 7x7 (centred), 7x7:2 (step 2), 0..31 (32 x 32 from zero), diagonal:8, horizontal:16, vertical:16, axes:8, "
    "or shifts one by one as 0,0;1,1;2,2."
)
Pair = tuple[float, float]


@dataclass(frozen=True)
class Grid:
    """Shifts in a fixed order.

    Attributes
    ----------
    offsets
        (dy, dx) of each view, in pixels; they move the content, positive down and right.
    steps
        K rows of S predecessors; -1 where a view has none.

    Examples
    --------
    >>> parse_grid("diagonal:2").offsets
    ((0.0, 0.0), (1.0, 1.0), (2.0, 2.0))
    """

    offsets: tuple[Pair, ...]
    steps: tuple[tuple[int, ...], ...]

    @property
    def whole(self) -> bool:
        """Whether every shift is a whole number of pixels."""
        return all(value == int(value) for pair in self.offsets for value in pair)

    @property
    def reference(self) -> int:
        """Index of the unshifted view where the grid has it, otherwise 0."""
        return self.offsets.index((0.0, 0.0)) if (0.0, 0.0) in self.offsets else 0

    @property
    def low(self) -> Pair:
        """Smallest (dy, dx)."""
        return min(y for y, _ in self.offsets), min(x for _, x in self.offsets)

    @property
    def high(self) -> Pair:
        """Largest (dy, dx)."""
        return max(y for y, _ in self.offsets), max(x for _, x in self.offsets)

    @property
    def extent(self) -> Pair:
        """How far the content travels, (down, right): largest minus smallest shift."""
        return self.high[0] - self.low[0], self.high[1] - self.low[1]

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """Columns ``dy`` and ``dx``, each (S,): integers where the grid is whole."""
        table = np.asarray(self.offsets, np.int64 if self.whole else np.float64)
        return {"dy": table[:, 0], "dx": table[:, 1]}


@cache
def parse_grid(text: str) -> Grid:
    """Read a grid.

    Parameters
    ----------
    text
        ``"7"`` or ``"5x7"``: rows x columns around zero (an even number starts one further up or left); ``"0..31"``:
        these shifts along both axes; ``"diagonal:8"``, ``"horizontal:8"``, ``"vertical:8"``: a path of 8 steps from
        zero down and right; ``"axes:8"``: zero and 8 steps each way along both axes; ``"0,0;1,2"``: shifts one by one.
        A last ``:2`` or ``:0.5`` is the step in pixels.

    Returns
    -------
        Shifts in pixels, and which view is one step from which.

    Raises
    ------
    UsageError
        The text is not a grid.

    Examples
    --------
    >>> len(parse_grid("7x7").offsets), parse_grid("7x7").reference
    (49, 24)
    >>> parse_grid("3:0.5").offsets[0]
    (-0.5, -0.5)
    """
    words = str(text).strip().lower()
    for pattern, build in _FORMS:
        if found := re.fullmatch(pattern, words):
            step = step_of(found.groupdict().get("step"), words, HINT)
            return build(found, step)
    raise UsageError(f"{text!r} is not a grid of shifts", hint=HINT)


def _square(found: re.Match[str], step: float) -> Grid:
    rows = int(found["rows"])
    columns = int(found["columns"] or rows)
    bounded(rows * columns, found[0])
    return _full([(i - rows // 2) * step for i in range(rows)], [(j - columns // 2) * step for j in range(columns)])


def _range(found: re.Match[str], step: float) -> Grid:
    first, last = int(found["first"]), int(found["last"])
    count = int((last - first) / step + 1e-9) + 1 if last >= first else 0
    bounded(count * count, found[0])
    values = [first + i * step for i in range(count)]
    return _full(values, values)


def _full(ys: list[float], xs: list[float]) -> Grid:
    """Row by row; one step away are the left and the upper neighbour."""
    wide, high = len(xs), len(ys)
    left = tuple(s - 1 if s % wide else -1 for s in range(high * wide))
    upper = tuple(s - wide if s >= wide else -1 for s in range(high * wide))
    steps = tuple(row for row in (left, upper) if max(row) >= 0)
    return Grid(tuple((float(y), float(x)) for y in ys for x in xs), steps or (left,))


_DIRECTIONS = {"diagonal": (1, 1), "horizontal": (0, 1), "vertical": (1, 0)}


def _path(found: re.Match[str], step: float) -> Grid:
    down, right = _DIRECTIONS[found["direction"]]
    count = bounded(int(found["count"]) + 1, found[0])
    return _chain([(float(i * step * down), float(i * step * right)) for i in range(count)])


def _axes(found: re.Match[str], step: float) -> Grid:
    """Zero, then both axes outwards; one step away is the neighbour nearer to zero."""
    reach = int(found["count"])
    bounded(4 * reach + 1, found[0])
    ways = [(-1, 0), (0, -1), (0, 1), (1, 0)]
    offsets = [(0.0, 0.0)] + [(i * step * y + 0.0, i * step * x + 0.0) for i in range(1, reach + 1) for y, x in ways]
    return Grid(tuple(offsets), ((-1, *(max(s - 4, 0) for s in range(1, len(offsets)))),))


def _listed(found: re.Match[str], step: float) -> Grid:
    pairs = [pair.split(",") for pair in found[0].split(";")]
    bounded(len(pairs), found[0])
    offsets = [(float(y), float(x)) for y, x in pairs]
    if len(set(offsets)) < len(offsets):
        again = next(pair for pair, place in zip(found[0].split(";"), offsets, strict=True) if offsets.count(place) > 1)
        raise UsageError(f"the grid {found[0]!r} has the shift {again} more than once", hint="Name every shift once.")
    return _chain(offsets)


def _chain(offsets: list[Pair]) -> Grid:
    return Grid(tuple(offsets), (tuple(range(-1, len(offsets) - 1)),))


_FORMS: tuple[tuple[str, Callable[[re.Match[str], float], Grid]], ...] = (
    (rf"(?P<rows>\d{{1,9}})(?:x(?P<columns>\d{{1,9}}))?{STEP}", _square),
    (rf"(?P<first>-?\d{{1,9}})\.\.(?P<last>-?\d{{1,9}}){STEP}", _range),
    (rf"(?P<direction>diagonal|horizontal|vertical):(?P<count>\d{{1,9}}){STEP}", _path),
    (rf"axes:(?P<count>\d{{1,9}}){STEP}", _axes),
    (rf"{NUMBER},{NUMBER}(?:;{NUMBER},{NUMBER})*", _listed),
)
