"""Boxes as numpy columns: what the statistics take from a frame in the BOXES schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.coordinates import BEYOND, BEYOND_FRACTION, either

Floats = NDArray[np.float64]
CORNERS = ("x0", "y0", "x1", "y1")


class Rows(NamedTuple):
    """Boxes column by column. Frames of unknown size are 1 x 1 and not ``sized``.

    ``label`` is an index into a list of names kept beside the rows; ``key`` is the key of the image. Sizes are whole
    numbers that 32 bits hold exactly; a row takes 53 bytes.
    """

    key: NDArray[np.uint64]
    label: NDArray[np.int32]
    x0: Floats
    y0: Floats
    x1: Floats
    y1: Floats
    width: NDArray[np.float32]
    height: NDArray[np.float32]
    sized: NDArray[np.bool_]

    @property
    def box(self) -> tuple[Floats, Floats, Floats, Floats, NDArray[np.float32], NDArray[np.float32]]:
        """Corners and frame, in the order the coordinate functions take them."""
        return self.x0, self.y0, self.x1, self.y1, self.width, self.height

    def at(self, index: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Rows:
        """Rows at an index or mask."""
        if isinstance(index, slice):
            return Rows._make(column[index] for column in self)
        places = np.flatnonzero(index) if index.dtype == np.bool_ else index
        return Rows._make(column.take(places) for column in self)


def concatenate(parts: Sequence[Rows]) -> Rows:
    """Rows of all parts, one after another."""
    return parts[0] if len(parts) == 1 else Rows._make(map(np.concatenate, zip(*parts, strict=True)))


def usable(rows: Rows, beyond: float = BEYOND) -> NDArray[np.bool_]:
    """Whether a box can be placed in its frame: finite, not degenerate, no larger than it, inside it.

    A box may reach beyond its frame by ``beyond`` pixels (a hundredth of a frame of unknown size): rounding, not error.
    """
    reach = either(rows.sized, beyond, BEYOND_FRACTION)
    with np.errstate(invalid="ignore"):
        across = (rows.x0 >= -reach) & (rows.x1 <= rows.width + reach) & (rows.x1 > rows.x0)
        down = (rows.y0 >= -reach) & (rows.y1 <= rows.height + reach) & (rows.y1 > rows.y0)
    return np.asarray(across & down & (rows.label >= 0))


def snapped(rows: Rows, tolerance: float) -> Rows:
    """Rows whose corners are whole pixels where they lie within ``tolerance`` of one: rounding of a format, undone."""
    return rows._replace(**{name: _snapped(getattr(rows, name), rows.sized, tolerance) for name in CORNERS})


def _snapped(values: Floats, sized: NDArray[np.bool_], tolerance: float) -> Any:
    whole = np.rint(values)
    if not (values != whole).any():
        return values
    return np.where(sized & (np.abs(values - whole) <= tolerance), whole, values)
