"""Shifts by fractions of a pixel through bilinear interpolation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from biasscope.transforms.fills import canvas, check_fill
from biasscope.transforms.shifts import OverGrid, still
from biasscope.transforms.transformation import Views
from biasscope.transforms.windows import padded, runs

if TYPE_CHECKING:
    from biasscope.images.picture import Picture
    from biasscope.models.preprocessing import Preprocessing


@dataclass(frozen=True)
class BilinearShift(OverGrid):
    """The model's own view of the picture, moved by fractions of a pixel with two taps an axis.

    Parameters
    ----------
    grid
        Shifts, fractions of a pixel among them.
    border
        What enters: a fill of `Embed`, or ``"circular"``.
    back
        Shift there and back again.

    Notes
    -----
    Two taps blur, most at half a pixel: a network that reacts to blur seems to react to the shift. `round_trip` says
    how much: there and back is a blur of three taps [w, 1 - 2w, w] with w = f (1 - f), f the fraction of the shift.

    Examples
    --------
    >>> views = BilinearShift("0,0;0,0.25", border="circular").open(torch.tensor([[[[0.0, 4, 0, 0, 0, 4]] * 2]]), [0])
    >>> out = torch.empty(1, 1, 1, 4)
    >>> views.write(out, [1], [0])
    >>> out.flatten().tolist()
    [3.0, 1.0, 0.0, 0.0]
    """

    name: ClassVar[str] = "bilinear"
    interpolates: ClassVar[bool] = True
    grid: str = "7x7:0.5"
    border: str = "reflect"
    back: bool = False

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        if self.border != "circular":
            check_fill(self.border)

    def source(self, picture: Picture, preprocessing: Preprocessing, index: int) -> Tensor:
        """Give (C, H + room, W + room)."""
        pixels = preprocessing.pixels(still(picture.pixels, picture.image_id))
        before, after = self._room
        if self.border == "circular":
            low = (-after[0], -after[1])
            return preprocessing.normalise(padded(pixels, low, before, "circular"))
        size = (pixels.shape[1] + before[0] + after[0], pixels.shape[2] + before[1] + after[1])
        return preprocessing.normalise(canvas(pixels, size, before, self.border, preprocessing))

    def open(self, sources: Tensor, indices: Sequence[int]) -> Views:
        """Two taps an axis of the sources as they are."""
        before, after = self._room
        window = (sources.shape[-2] - before[0] - after[0], sources.shape[-1] - before[1] - after[1])
        return _BilinearViews(sources, self, before, window)

    def round_trip(self) -> BilinearShift | None:
        """Views that were shifted and shifted back."""
        return None if self.back else replace(self, back=True)

    @property
    def _room(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Pixels above and left of the picture, and below and right of it, that some view needs."""
        if self.back:
            return (1, 1), (1, 1)
        low, high = self.shifts.low, self.shifts.high
        before = tuple(max(ceil(value), 0) for value in high)
        after = tuple(max(floor(-value) + 1, 0) for value in low)
        return (before[0], before[1]), (after[0], after[1])


class _BilinearViews(Views):
    def __init__(self, sources: Tensor, shift: BilinearShift, before: tuple[int, int], window: tuple[int, int]) -> None:
        self.sources, self.before, self.window = sources, before, window
        self.offsets, self.back = shift.shifts.offsets, shift.back

    def write(self, out: Tensor, views: Sequence[int], pictures: Sequence[int]) -> None:
        """Interpolate neighbouring pictures at the same shift together."""
        for start, stop, first in runs(list(views), pictures):
            block = self.sources[first : first + stop - start]
            for axis in (0, 1):
                block = self._along(block, axis, self.offsets[views[start]][axis])
            out[start:stop].copy_(block)

    def _along(self, block: Tensor, axis: int, shift: float) -> Tensor:
        whole = floor(-shift)
        part, side, start = -shift - whole, self.window[axis], self.before[axis] + whole
        if self.back:
            sides = block.narrow(axis - 2, 0, side) + block.narrow(axis - 2, 2, side)
            return torch.lerp(block.narrow(axis - 2, 1, side), sides / 2, 2 * part * (1 - part))
        near = block.narrow(axis - 2, start, side)
        return near if part == 0 else torch.lerp(near, block.narrow(axis - 2, start + 1, side), part)
