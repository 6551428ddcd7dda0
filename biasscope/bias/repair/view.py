"""Boxes as a crop shows them: clipped to the frame, with what was lost, how much is visible and at what size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.repair.crop_law import Floats, Windows


@dataclass(frozen=True)
class View:
    """Boxes in the network's input frame.

    Attributes
    ----------
    corners
        Visible part of each box, ``x0, y0, x1, y1`` from the corner of its frame, in pixels of the source, shape
        (N, 4). Rows of lost boxes hold no meaning.
    width, height
        Frame of each box in the same pixels, shape (N,): those before resizing. Shares of the frame are the same, whole
        pixels stay whole, and what is near the frame stays as near.
    visible
        Visible share of the area of each box, 0 when the box was cropped away, shape (N,).
    zoom
        Pixels of the network's input per pixel of the source (geometric mean of both axes), shape (N,).
    notes
        What must be known of these numbers.
    """

    corners: Floats
    width: Floats
    height: Floats
    visible: Floats
    zoom: Floats
    notes: tuple[str, ...] = ()

    @property
    def lost(self) -> NDArray[np.bool_]:
        """Boxes of which nothing is left."""
        return self.visible <= 0


def look(windows: Windows, corners: Floats) -> View:
    """View of boxes through one crop window each.

    Parameters
    ----------
    windows
        N windows.
    corners
        Boxes ``x0, y0, x1, y1`` as pixel edges of their source images, shape (N, 4), all with positive area.

    Examples
    --------
    >>> from biasscope.bias.repair.crop_law import center_crop
    >>> view = look(center_crop([100], [100], size=50), np.array([[0.0, 25.0, 50.0, 50.0]]))
    >>> view.corners.tolist(), view.visible.tolist()
    ([[0.0, 0.0, 25.0, 25.0]], [0.5])
    """
    low = np.stack([windows.left, windows.top], axis=1)
    sides = np.stack([windows.width, windows.height], axis=1)
    start = np.clip(corners[:, :2] - low, 0.0, sides)
    end = np.clip(corners[:, 2:] - low, 0.0, sides)
    seen, whole = (end - start).prod(1), (corners[:, 2:] - corners[:, :2]).prod(1)
    return View(np.hstack([start, end]), windows.width, windows.height, seen / whole, windows.zoom)
