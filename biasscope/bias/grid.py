"""Whether boxes were drawn on whole pixels, on evidence: positions are then counted on a grid."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

Grid = Literal["integer", "continuous"]
GRIDS = ("auto", "integer", "continuous")
GRID_TOLERANCE = 1e-3
"""Pixels from a whole number within which a corner lies on the pixel grid (six-decimal fractions of 640 do)."""
GRID_SHARE = 0.95
"""Share of corners on the pixel grid from which on a dataset counts as annotated in whole pixels."""


def on_grid(*corners: ArrayLike) -> float:
    """Share of corners within ``GRID_TOLERANCE`` of a whole pixel; NaN without corners.

    >>> on_grid([0.0, 1.0004], [2.5, 7.0])
    0.75
    """
    parts = [np.asarray(part, np.float64) for part in corners]
    total = sum(part.size for part in parts)
    near = sum(int((np.abs(part - np.rint(part)) <= GRID_TOLERANCE).sum()) for part in parts)
    return near / total if total else float("nan")


def detect_grid(x0: ArrayLike, y0: ArrayLike, x1: ArrayLike, y1: ArrayLike, sized: ArrayLike = True) -> Grid:
    """Whether corners are whole pixels, on evidence: ``integer`` when 95 % lie within .001 px of a whole number.

    Parameters
    ----------
    x0, y0, x1, y1
        Corners.
    sized
        Whether the frame size of each box is known. Fractions of a frame of unknown size have no pixels and do not
        vote; when there is nothing else, the grid is ``continuous``. Fractions of a known frame, as YOLO writes them
        with six decimals, come back to .0003 px at 640 and are recognised; with four decimals they are ``continuous``.

    Examples
    --------
    >>> detect_grid([0, 3], [1, 5], [9, 8], [7, 7]), detect_grid([0.5], [0.25], [9.1], [7.7])
    ('integer', 'continuous')
    """
    voting = np.broadcast_to(np.asarray(sized, bool), np.shape(x0))
    share = on_grid(*(np.asarray(part)[voting] for part in (x0, y0, x1, y1)))
    return "integer" if share >= GRID_SHARE else "continuous"
