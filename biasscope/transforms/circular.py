"""Circular shifts: what leaves on one side enters on the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.transforms.shifts import OverWholeGrid, still
from biasscope.transforms.transformation import Views
from biasscope.transforms.windows import WindowViews, corners, padded

if TYPE_CHECKING:
    from biasscope.images.picture import Picture
    from biasscope.models.preprocessing import Preprocessing


@dataclass(frozen=True)
class Circular(OverWholeGrid):
    """The model's own view of the picture, rolled around.

    Parameters
    ----------
    grid
        Shifts of the content.

    Notes
    -----
    Networks that are exactly robust to these shifts are still fooled by realistic ones (Shifman and Weiss, 2024):
    circular results never stand alone.

    Examples
    --------
    >>> import torch
    >>> views = Circular("horizontal:2").open(torch.arange(4.0).reshape(1, 1, 1, 4), [0])
    >>> out = torch.empty(1, 1, 1, 4)
    >>> views.write(out, [1], [0])
    >>> out.flatten().tolist()
    [3.0, 0.0, 1.0, 2.0]
    """

    name: ClassVar[str] = "circular"

    def for_model(self, preprocessing: Preprocessing) -> Self:
        """Refuse shifts that come round to one another: a view would count several times."""
        height, width = preprocessing.size
        if len(np.unique(self.offsets % (height, width), axis=0)) < len(self):
            what = f"on {width} x {height} pixels some shifts of the grid {self.grid} go around to the same view"
            raise UsageError(what, hint=f"Take fewer than {height} shifts down and {width} to the right.")
        return self

    def source(self, picture: Picture, preprocessing: Preprocessing, index: int) -> Tensor:
        """Give (C, H, W)."""
        return preprocessing(still(picture.pixels, picture.image_id))

    def open(self, sources: Tensor, indices: Sequence[int]) -> Views:
        """Pad once, no shift being longer than half the picture after it went around."""
        window = (sources.shape[-2], sources.shape[-1])
        half = (window[0] // 2, window[1] // 2)
        offsets = (self.offsets + half) % window - half
        low, high = offsets.min(0), offsets.max(0)
        room = padded(sources, (int(low[0]), int(low[1])), (int(high[0]), int(high[1])), "circular")
        return WindowViews(room, corners(offsets), window)
