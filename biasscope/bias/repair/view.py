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
        Visible part of each box, ``x0, y0, x1, y1`` as fractions of the frame, shape (N, 4). Rows of lost boxes hold
        no meaning.
    visible
        Visible share of the area of each box, 0 when the box was cropped away, shape (N,).
    zoom
        Frame pixels per source pixel (geometric mean of both axes), shape (N,).
    """

    corners: Floats
    visible: Floats
    zoom: Floats

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
    ([[0.0, 0.0, 0.5, 0.5]], [0.5])
    """
    x = (corners[:, [0, 2]] - windows.left[:, None]) / windows.width[:, None]
    y = (corners[:, [1, 3]] - windows.top[:, None]) / windows.height[:, None]
    seen_x, seen_y = np.clip(x, 0.0, 1.0), np.clip(y, 0.0, 1.0)
    share = np.prod([np.diff(seen_x), np.diff(seen_y)], axis=0) / np.prod([np.diff(x), np.diff(y)], axis=0)
    clipped = np.stack([seen_x[:, 0], seen_y[:, 0], seen_x[:, 1], seen_y[:, 1]], axis=1)
    return View(clipped, share[:, 0], windows.zoom)
