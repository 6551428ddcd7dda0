"""Where a box lies in its frame: raw relative centres, and feasible coordinates that condition on its size.

Convention
----------
Pixel edges in float, origin top left, x to the right, y down; arrays of one value a box. A frame of unknown size is
1 x 1 and its boxes are fractions. ``u`` and ``v`` are NaN where they are undefined.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias.grid import GRIDS, Grid
from biasscope.bias.grid import detect_grid as detect_grid  # may be imported from here too
from biasscope.bias.grid import on_grid as on_grid
from biasscope.core.errors import UsageError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

CONTACT = 0.5
"""Pixels from the frame within which a side touches it; slack up to this is none. On whole pixels: exactly at 0."""
CONTACT_FRACTION = 1e-3
"""The same for frames of unknown size, as a share of the frame."""
BEYOND, BEYOND_FRACTION = 1.0, 0.01
"""Pixels (or share of a frame of unknown size) by which a box may reach beyond its frame: rounding, not error."""

ASIDE = 1e-6
"""Share of the frame by which centres are moved to either side before they are put into bins: more than the rounding of
numbers of 32 bits, with which torchvision resizes boxes, and less than a pixel of any picture."""


class Feasible(NamedTuple):
    """Feasible coordinates, each NaN where there is no slack on its axis."""

    u: Floats
    v: Floats


class Edges(NamedTuple):
    """Whether each side touches the frame."""

    left: Mask
    top: Mask
    right: Mask
    bottom: Mask


def raw_centres(
    x0: ArrayLike, y0: ArrayLike, x1: ArrayLike, y1: ArrayLike, width: ArrayLike, height: ArrayLike
) -> tuple[Floats, Floats]:
    """Centres (cx, cy) as shares of the frame.

    A centre can only lie in [w/2, 1 - w/2]: testing it for uniformity on the unit square rejects for any box.

    >>> cx, cy = raw_centres([0], [0], [10], [20], [100], [100])
    >>> cx.tolist(), cy.tolist()
    ([0.05], [0.1])
    """
    return _share(np.add(x0, x1, dtype=np.float64) / 2, width), _share(np.add(y0, y1, dtype=np.float64) / 2, height)


def relative_size(
    x0: ArrayLike, y0: ArrayLike, x1: ArrayLike, y1: ArrayLike, width: ArrayLike, height: ArrayLike
) -> tuple[Floats, Floats]:
    """Width and height as shares of the frame.

    >>> w, h = relative_size([0], [0], [10], [20], [100], [100])
    >>> w.tolist(), h.tolist()
    ([0.1], [0.2])
    """
    return _share(np.subtract(x1, x0, dtype=np.float64), width), _share(np.subtract(y1, y0, dtype=np.float64), height)


def apparent_scale(relative_width: ArrayLike, relative_height: ArrayLike) -> Floats:
    """Square root of the area share, in [0, 1] inside the frame.

    >>> apparent_scale([0.25], [1.0]).tolist()
    [0.5]
    """
    return np.sqrt(np.multiply(relative_width, relative_height, dtype=np.float64))


def feasible_coordinates(
    x0: ArrayLike,
    y0: ArrayLike,
    x1: ArrayLike,
    y1: ArrayLike,
    width: ArrayLike,
    height: ArrayLike,
    *,
    grid: Grid = "continuous",
    uniform: tuple[ArrayLike, ArrayLike] | None = None,
    margin: ArrayLike = 0.0,
    contact: ArrayLike = CONTACT,
) -> Feasible:
    """Position of each box within the room its size leaves: 0 at the left (top) edge of the frame, 1 at the right.

    ``u = x0 / (W - w)``, which is ``(cx - w/2) / (1 - w)`` in shares of the frame. If boxes are placed uniformly given
    their sizes, (u, v) is uniform on the unit square for any mix of sizes and frames, so that all boxes of a class pool
    into one test (a conditional probability integral transform).

    Parameters
    ----------
    x0, y0, x1, y1
        Corners, pixel edges.
    width, height
        Frame.
    grid
        ``integer``: a box with slack s pixels has s + 1 places, and u is spread over them by the randomised integral
        transform ``(x0 + U) / (s + 1)``. ``continuous``: as above.
    uniform
        U for the two axes, numbers on [0, 1); needed for ``integer``. Take them from a hash of the row
        (:func:`biasscope.bias.counting.keys.row_uniforms`), so that they do not depend on row order.
    margin
        Pixels to leave out at either end: with ``margin = CONTACT`` (one pixel on the integer grid) boxes that do not
        touch the frame are again uniform under the null.
    contact
        Slack up to this is none: NaN on that axis.

    Returns
    -------
    Feasible
        u and v in [0, 1]; NaN on an axis without slack, and on one where the box reaches beyond the frame by more than
        a pixel (a hundredth of a frame of unknown size): such a box has no place in it, and is not clipped.

    Raises
    ------
    UsageError
        For an unknown grid, or an integer grid without ``uniform``.

    Examples
    --------
    >>> feasible_coordinates([0, 45, 0], [0, 30, 0], [10, 55, 100], [20, 50, 20], 100, 80)
    Feasible(u=array([0. , 0.5, nan]), v=array([0. , 0.5, 0. ]))
    """
    if grid not in GRIDS[1:]:
        raise UsageError(f"no grid is called {grid!r}", hint=f"There are: {', '.join(GRIDS[1:])}.")
    first, second = (None, None) if uniform is None else uniform
    return Feasible(
        _along(x0, x1, width, grid, first, margin, contact), _along(y0, y1, height, grid, second, margin, contact)
    )


def _along(
    start: ArrayLike,
    end: ArrayLike,
    frame: ArrayLike,
    grid: Grid,
    uniform: ArrayLike | None,
    margin: ArrayLike,
    contact: ArrayLike,
) -> Floats:
    low, high, side = (np.asarray(part, np.float64) for part in (start, end, frame))
    slack = side - (high - low)
    if grid == "integer":
        if uniform is None:
            raise UsageError("the integer grid needs a uniform number a box and axis")
        whole = np.where(np.asarray(margin) > 0, 1.0, 0.0)
        place, places = low - whole + np.asarray(uniform, np.float64), slack - 2 * whole + 1
    else:
        left_out = np.asarray(margin, np.float64)
        place, places = low - left_out, slack - 2 * left_out
    beyond = either(side > 1, BEYOND, BEYOND_FRACTION)
    inside = (low >= -beyond) & (high <= side + beyond)
    defined = (slack > np.asarray(contact, np.float64)) & (places > 0) & inside
    if not defined.all():
        place, places = np.where(defined, place, np.nan), np.where(defined, places, 1.0)
    return np.asarray(np.clip(place / places, 0.0, 1.0))


def contact_of(sized: Mask, unit: float = 1.0) -> Floats:
    """Distance from the frame within which a side touches it; frames that are not ``sized`` are given unit x unit.

    >>> contact_of(np.array([True, False])).tolist(), contact_of(np.array([False]), unit=1000).tolist()
    ([0.5, 0.001], [1.0])
    """
    return either(sized, CONTACT, CONTACT_FRACTION * unit)


def either(mask: Mask, one: float, other: float) -> Floats:
    """``np.where`` of two numbers; the first alone where the mask is true everywhere, which takes no time.

    >>> either(np.array([True, False]), 1, 2).tolist(), either(np.array([True, True]), 1, 2).tolist()
    ([1.0, 2.0], 1.0)
    """
    return np.asarray(one if mask.all() else np.where(mask, one, other), np.float64)


def edge_contact(
    x0: ArrayLike,
    y0: ArrayLike,
    x1: ArrayLike,
    y1: ArrayLike,
    width: ArrayLike,
    height: ArrayLike,
    contact: ArrayLike = CONTACT,
) -> Edges:
    """Which sides of each box touch the frame (lie within ``contact`` of it, or beyond).

    >>> edge_contact([0], [5], [10], [80], 100, 80)
    Edges(left=array([ True]), top=array([False]), right=array([False]), bottom=array([ True]))
    """
    near_right = np.subtract(width, x1, dtype=np.float64) < contact
    near_bottom = np.subtract(height, y1, dtype=np.float64) < contact
    return Edges(np.less(x0, contact), np.less(y0, contact), near_right, near_bottom)


def _share(length: Floats, frame: ArrayLike) -> Floats:
    return np.asarray(length / np.asarray(frame, np.float64))
