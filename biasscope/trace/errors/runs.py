"""Shifts on a regular grid as strided views, so that many responses are compared with their moved reference at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Step = tuple[int, int, int]
"""What changes from one to the next: place in the chunk, first row, first column."""


class Run(NamedTuple):
    """A grid of ``rows`` x ``columns`` responses: where the first is, and the steps along both."""

    rows: int
    columns: int
    start: Step
    down: Step
    right: Step


class Runs(NamedTuple):
    """Grids that hold every response once, and how far a reference must reach beyond its edges for them.

    Attributes
    ----------
    runs
        Grids; a response that fits none is a grid of its own.
    order
        Number of each response, in the order of the grids.
    before, after
        Rows and columns that the reference must go on for, above and to the left, below and to the right.
    """

    runs: tuple[Run, ...]
    order: tuple[int, ...]
    before: tuple[int, int]
    after: tuple[int, int]


def find_runs(places: Sequence[int], shifts: Sequence[tuple[int, int]], size: tuple[int, int]) -> Runs:
    """Put responses on grids.

    Parameters
    ----------
    places
        Their places in a chunk, ascending.
    shifts
        Positions (down, right) by which each moved.
    size
        Rows and columns of the map; longer shifts go around.

    Examples
    --------
    >>> find_runs([1, 2, 3, 4], [(1, 1), (1, 0), (0, 1), (0, 0)], (4, 4)).runs
    (Run(rows=2, columns=2, start=(1, 0, 0), down=(2, 1, 0), right=(1, 0, 1)),)
    """
    moved = np.array(shifts, np.int64).reshape(-1, 2)
    if not len(moved):
        return Runs((), (), (0, 0), (0, 0))
    for axis in (0, 1):
        if max(np.ptp(moved[:, axis]), np.abs(moved[:, axis]).max()) >= size[axis]:
            moved[:, axis] %= size[axis]
    most, least = moved.max(0, initial=0), moved.min(0, initial=0)
    rows = np.column_stack([np.asarray(places, np.int64), most - moved])
    runs = _merged(_lines(rows))
    before, after = (int(most[0]), int(most[1])), (int(-least[0]), int(-least[1]))
    return Runs(tuple(runs), tuple(_order(runs, list(places))), before, after)


def _lines(rows: NDArray[np.int64]) -> list[Run]:
    """Longest stretches with one step, no step backwards."""
    lines, first = [], 0
    while first < len(rows):
        last = first + 1
        step = rows[last] - rows[first] if last < len(rows) else np.zeros(3, np.int64)
        if last < len(rows) and (step >= 0).all():
            while last < len(rows) and np.array_equal(rows[last] - rows[last - 1], step):
                last += 1
        else:
            step = np.zeros(3, np.int64)
        lines.append(Run(1, last - first, _step(rows[first]), (0, 0, 0), _step(step)))
        first = last
    return lines


def _merged(lines: list[Run]) -> list[Run]:
    """Lines of equal length and step, at equal distances, become one grid."""
    grids: list[Run] = []
    for line in lines:
        if grids and (grids[-1].columns, grids[-1].right) == (line.columns, line.right):
            above = grids[-1]
            last = tuple(a + d * (above.rows - 1) for a, d in zip(above.start, above.down, strict=True))
            down = _step(np.subtract(line.start, last))
            if min(down) >= 0 and (above.rows == 1 or down == above.down):
                grids[-1] = above._replace(rows=above.rows + 1, down=down)
                continue
        grids.append(line)
    return grids


def _step(values: NDArray[np.int64]) -> Step:
    place, row, column = np.asarray(values).tolist()
    return place, row, column


def _order(runs: Sequence[Run], places: list[int]) -> list[int]:
    number = {place: index for index, place in enumerate(places)}
    return [
        number[run.start[0] + row * run.down[0] + column * run.right[0]]
        for run in runs
        for row in range(run.rows)
        for column in range(run.columns)
    ]
