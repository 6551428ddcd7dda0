"""From coordinates to bins and from bins to counts: one fused integer key a table, and one pass over it.

``np.add.at`` does here what ``np.bincount`` does, in two thirds of the time: into a table of the kind that is wanted,
and without looking for the largest key first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.counting.tables import FINE, OCTAVES, SCALES, SCALES_AN_OCTAVE, UNIT

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
UNDEFINED = np.int64(-(1 << 40))


def scale_bin(scale: Floats) -> Ints:
    """Bin of apparent scale: 0 below 1/64, then four an octave."""
    place = np.floor((np.log2(np.maximum(scale, 2.0**-40)) + OCTAVES) * SCALES_AN_OCTAVE)
    return np.asarray(np.clip(place, -1, SCALES - 2) + 1, np.int64)


def bin_of(values: Floats, bins: int) -> Ints:
    """Bin of values on [0, 1]; a large negative number where undefined, so that any fused key of it is too."""
    known = np.isfinite(values)
    whole = bool(known.all())
    place = values * bins if whole else np.where(known, values, 0.0) * bins
    binned = np.clip(place, 0, bins - 1, out=place).astype(np.int64)
    return binned if whole else np.where(known, binned, UNDEFINED)


def coarse(fine: Ints, bins: int) -> Ints:
    """Bin among fewer bins; ``bins`` divides ``FINE``."""
    width = FINE // bins
    return fine >> (width.bit_length() - 1) if width & (width - 1) == 0 else fine // width


def plane(x: Floats, y: Floats, fine_x: Ints, fine_y: Ints, bins: int) -> Ints:
    """Cell of a square grid, row by row from the top."""
    if FINE % bins:
        return bin_of(y, bins) * bins + bin_of(x, bins)
    return coarse(fine_y, bins) * bins + coarse(fine_x, bins)


def inner_bin(axis: Floats, places: Floats, end: Floats | float, free: Mask, bins: int) -> Ints:
    """Bin among the places that leave out ``end`` of them at either side; :data:`UNDEFINED` where none are left.

    >>> inner_bin(np.array([0.3, 0.5]), np.array([10.0, 2.0]), 1.0, np.array([True, True]), 8).tolist()[0]
    2
    """
    left = places - 2 * end
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = (axis * places - end) / left
        binned = np.clip(inner * bins, 0, bins - 1).astype(np.int64)
    return np.where(free & (left > 0), binned, UNDEFINED)


def count(table: NDArray[Any], row: Ints, cell: Ints) -> None:
    """Count each cell by row into a contiguous table of shape ``(rows, cells)``; undefined cells are left out.

    >>> table = np.zeros((2, 3), np.int64)
    >>> count(table, np.array([0, 1, 1]), np.array([2, 0, UNDEFINED]))
    >>> table.tolist()
    [[0, 0, 1], [1, 0, 0]]
    """
    fused = row * table.shape[1]
    fused += cell
    np.add.at(table.reshape(-1), fused if cell.min(initial=0) >= 0 else fused[cell >= 0], table.dtype.type(1))


def counted(index: Ints, size: int) -> Ints:
    """How often each number below ``size`` comes.

    >>> counted(np.array([2, 0, 2]), 4).tolist()
    [1, 0, 2, 0]
    """
    made = np.zeros(size, np.int64)
    np.add.at(made, index, np.int64(1))
    return made


def total(index: Ints, column: Floats | Mask, size: int) -> Ints:
    """Fixed-point sum of a column by index; of a mask how many are true."""
    if column.dtype == np.bool_:
        return number(index, np.asarray(column, np.bool_), size)
    return summed(index, fixed(np.asarray(column, np.float64)), size)


def number(index: Ints, mask: Mask, size: int) -> Ints:
    """How many of a mask are true, by index."""
    return counted(index if mask.all() else index[mask], size)


def fixed(column: Floats) -> Floats:
    """Values in fixed point: whole numbers, whose sums are exact."""
    made = column * UNIT
    return np.rint(made, out=made)


def summed(index: Ints, whole: Floats, size: int) -> Ints:
    """Sum of whole numbers by index."""
    made = np.zeros(size)
    np.add.at(made, index, whole)
    return made.astype(np.int64)
