"""Views that cannot be made on the device: they are prepared one by one, and the source holds them all."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from biasscope.transforms.shifts import Parametric
from biasscope.transforms.transformation import Views
from biasscope.transforms.windows import runs

if TYPE_CHECKING:
    from biasscope.images.picture import Picture
    from biasscope.models.preprocessing import Preprocessing


class Stacked(Parametric):
    """A transformation whose source is the stack of its views, (S, C, H, W): take small blocks."""

    @abstractmethod
    def pixels(self, picture: Picture, preprocessing: Preprocessing) -> list[Tensor]:
        """Give the views, each (C, H, W) in [0, 1]."""

    def source(self, picture: Picture, preprocessing: Preprocessing, index: int) -> Tensor:
        """Give (S, C, H, W)."""
        return preprocessing.normalise(torch.stack(self.pixels(picture, preprocessing)))

    def open(self, sources: Tensor, indices: Sequence[int]) -> Views:
        """Slices of the stacks."""
        return StackViews(sources)


class StackViews(Views):
    """Views of a block of stacks (B, S, C, H, W)."""

    def __init__(self, sources: Tensor) -> None:
        self.sources = sources

    def write(self, out: Tensor, views: Sequence[int], pictures: Sequence[int]) -> None:
        """Copy; neighbouring pictures at the same view go together."""
        for start, stop, first in runs(list(views), pictures):
            out[start:stop].copy_(self.sources[first : first + stop - start, views[start]])
