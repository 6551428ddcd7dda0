"""Boxes as the quadrilaterals that their corners have become: a turned object is no larger than it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.columns import Floats

TURNED = (
    "Positions and visible shares of objects that the augmentation turns, shears or bends are those of the upright "
    "boxes around them; the apparent scale is that of the object itself."
)
UNKNOWN = (
    "Where the four corners do not tell how large an object has become, because a transform bends it or moves boxes "
    "only, its apparent scale is that of the upright box around it."
)
PIXEL = 1.001
"""How far a corner may lie outside of the upright box around it, in the larger of pixels of the source and the output:
torchvision bends boxes and points by whole pixels, and flips points as pixels, one off their edges."""
TILT = 1e-3
"""Share by which the upright box is larger, from which on an object counts as turned."""


@dataclass(frozen=True)
class Outlines:
    """Boxes after a draw of an augmentation.

    Attributes
    ----------
    points
        Where the four corners of each box went, around it, shape (N, 4, 2); NaN where that is not known.
    upright
        Upright box around each, as torchvision gives it, shape (N, 4); without area where a transform gave it up.
    boxes
        The boxes before, shape (N, 4).

    Examples
    --------
    A quarter turn, after which all became twice as wide:

    >>> points = np.array([[[6.0, 0], [6, 4], [0, 4], [0, 0]]])
    >>> turned = Outlines(points, np.array([[0.0, 0, 6, 4]]), np.array([[10.0, 10, 14, 13]]))
    >>> turned.magnification.tolist(), turned.area.tolist()
    ([[2.0, 1.0]], [24.0])
    """

    points: Floats
    upright: Floats
    boxes: Floats

    @property
    def area(self) -> Floats:
        """Area of each object: of the quadrilateral, where its corners tell it, or else of the upright box."""
        return np.where(self._known, self._inside, area(self.upright))

    @property
    def magnification(self) -> Floats:
        """Pixels of the output per pixel of the source along the axes of the output, shape (N, 2).

        Of the upright box where the corners do not tell it; 1 where that is gone too.
        """
        upright = (self.upright[:, 2:] - self.upright[:, :2]) / self._sides
        found = np.where(self._known[:, None], self._steps, upright)
        return np.where(found > 0, found, 1.0)

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be known of numbers that come from these boxes."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        if (self._known & (area(self.upright) > self._inside * (1 + TILT))).any():
            yield TURNED
        if not self._known.all():
            yield UNKNOWN

    @property
    def _inside(self) -> Floats:
        """Area between the corners: half the cross product of the diagonals."""
        (x, y), (s, t) = ((self.points[:, at + 2] - self.points[:, at]).T for at in (0, 1))
        return np.asarray(np.abs(x * t - y * s) / 2)

    @property
    def _sides(self) -> Floats:
        return self.boxes[:, 2:] - self.boxes[:, :2]

    @property
    def _steps(self) -> Floats:
        """What a pixel to the right and a pixel down in the source add along the axes of the output, both together."""
        first, second, third, fourth = (self.points[:, at] for at in range(4))
        right = (second - first + third - fourth) / 2 / self._sides[:, :1]
        down = (fourth - first + third - second) / 2 / self._sides[:, 1:]
        return np.asarray(np.hypot(right, down))

    @property
    def _known(self) -> NDArray[np.bool_]:
        """Corners that lie in the upright box; it may be larger, where it was put around one that was turned before."""
        low, high, off = self.points.min(1), self.points.max(1), PIXEL * np.fmax(self._steps, 1.0)
        inside = (low >= self.upright[:, :2] - off) & (high <= self.upright[:, 2:] + off)
        return np.asarray(inside.all(1) | ((area(self.upright) <= 0) & np.isfinite(low).all(1)))


def area(corners: Floats) -> Floats:
    """Area of upright boxes.

    >>> area(np.array([[1.0, 1, 3, 4]])).tolist()
    [6.0]
    """
    return np.asarray((corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1]))
