"""The one path of every protocol that moves by whole pixels: windows of a source that was padded once, copied out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.transforms.transformation import Views


def runs(keys: Sequence[object], pictures: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Stretches (start, stop, first picture) with one key and pictures that follow one another.

    Examples
    --------
    >>> list(runs([5, 5, 5, 6], [0, 1, 3, 4]))
    [(0, 2, 0), (2, 3, 3), (3, 4, 4)]
    """
    start = 0
    for j in range(1, len(keys) + 1):
        if j == len(keys) or keys[j] != keys[start] or pictures[j] != pictures[start] + j - start:
            yield start, j, pictures[start]
            start = j


def corners(offsets: NDArray[np.generic]) -> NDArray[np.int64]:
    """Top left corners of the windows in a source with just enough room: content that moves down is a window above.

    Parameters
    ----------
    offsets
        (..., 2), whole (dy, dx).

    Examples
    --------
    >>> corners(np.array([[-1, 0], [0, 0], [1, 2]])).tolist()
    [[2, 2], [1, 2], [0, 0]]
    """
    whole = np.asarray(offsets, np.int64)
    largest: NDArray[np.int64] = whole.reshape(-1, 2).max(0)
    return largest - whole


class WindowViews(Views):
    """Windows of a block of sources.

    Parameters
    ----------
    sources
        (B, C, H + room, W + room), padded already.
    corners
        Top left corners (S, 2), or (S, B, 2) where each picture has its own.
    window
        (H, W).
    """

    def __init__(self, sources: Tensor, corners: NDArray[np.int64], window: tuple[int, int]) -> None:
        self.sources, self.window = sources, window
        each = corners if corners.ndim == 3 else corners[:, None]
        self.corners = np.broadcast_to(each, (len(corners), len(sources), 2))

    def write(self, out: Tensor, views: Sequence[int], pictures: Sequence[int]) -> None:
        """Copy each window; neighbouring pictures with the same window go together. Nothing else is allocated."""
        height, width = self.window
        places = list(map(tuple, self.corners[list(views), list(pictures)].tolist()))
        for start, stop, first in runs(places, pictures):
            top, left = places[start]
            block = self.sources[first : first + stop - start, :, top : top + height, left : left + width]
            out[start:stop].copy_(block)


def padded(sources: Tensor, low: tuple[int, int], high: tuple[int, int], border: str) -> Tensor:
    """Give (..., H + extent, W + extent): the source with enough room for content that moves by ``low`` to ``high``.

    Parameters
    ----------
    border
        ``"circular"``, or ``"reflect"`` (the border pixel is not repeated). Any distance: it goes on periodically.
    """
    for axis in (0, 1):
        rows = around(sources.shape[axis - 2], high[axis], -low[axis], border, sources.device)
        sources = sources.index_select(axis - 2, rows)
    return sources


def around(side: int, before: int, after: int, border: str, device: torch.device | None = None) -> Tensor:
    """Which rows stand before, in and after a picture that goes on circularly or reflected.

    Examples
    --------
    >>> around(4, 2, 1, "reflect").tolist(), around(4, 2, 1, "circular").tolist()
    ([2, 1, 0, 1, 2, 3, 2], [2, 3, 0, 1, 2, 3, 0])
    """
    rows = torch.arange(-before, side + after, device=device)
    if border == "circular":
        return rows.remainder(side)
    period = max(2 * side - 2, 1)
    rows = rows.remainder(period)
    return torch.minimum(rows, period - rows) if side > 1 else torch.zeros_like(rows)
