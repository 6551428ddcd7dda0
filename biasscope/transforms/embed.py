"""The shrunk picture, moved in a canvas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.core.results import Cell
from biasscope.transforms.fills import canvas, check_fill
from biasscope.transforms.geometry import FITS, content, largest_side, must_fit
from biasscope.transforms.shifts import OverWholeGrid, option, positive
from biasscope.transforms.transformation import Views
from biasscope.transforms.windows import WindowViews, corners

if TYPE_CHECKING:
    from biasscope.images.picture import Picture
    from biasscope.models.preprocessing import Preprocessing

PUBLISHED = 100 / 224
LARGE = 128


@dataclass(frozen=True)
class Embed(OverWholeGrid):
    """The whole picture, shrunk and pasted into a canvas of the model's size, at a place that moves.

    Parameters
    ----------
    grid
        Shifts of the content.
    fill
        ``"black"`` (zero before the normalisation), ``"mean"`` (zero after it: what Azulay and Weiss really did),
        ``"reflect"``, ``"inpaint"``, or a colour ``"#rrggbb"``.
    side
        Pixels of the pasted picture's side. By default 100/224 of the window for models of 128 pixels and more (Azulay
        and Weiss), otherwise all that the grid leaves room for.
    fit
        Which side: ``"short"`` or ``"long"`` of the whole picture, or ``"model"``: short side of what the model sees
        of it. By default ``"short"`` for models of 128 pixels and more (Azulay and Weiss), otherwise ``"model"``.
    cut
        Whether the picture may leave the canvas in part, as the translations of augmentation libraries do.

    Notes
    -----
    The whole grid is centred in the canvas. Reflected and inpainted backgrounds are made once, on a canvas enlarged by
    the extent of the grid, so the background moves along with the picture.

    Examples
    --------
    >>> len(Embed("5x5", fill="mean").shifts.offsets)
    25
    """

    name: ClassVar[str] = "embed"
    fill: str = "black"
    side: int | None = None
    fit: str | None = None
    cut: bool = False

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        check_fill(self.fill)
        positive("side", self.side)
        option("fit", self.fit or "short", FITS)

    @property
    def parameters(self) -> Mapping[str, Cell]:
        """Fields, and how the background moves."""
        moves = "with the picture" if self.fill in ("reflect", "inpaint") else "plain"
        return {**super().parameters, "background": moves}

    def for_model(self, preprocessing: Preprocessing) -> Embed:
        """Fill in side and fit."""
        side, fit = self._chosen(preprocessing)
        return replace(self, side=side, fit=fit)

    def source(self, picture: Picture, preprocessing: Preprocessing, index: int) -> Tensor:
        """Give the canvas (C, H + extent, W + extent)."""
        side, fit = self._chosen(preprocessing)
        pixels = content(picture, preprocessing, side, fit)
        (height, width), (down, right) = preprocessing.size, self.extent
        shown = (pixels.shape[1], pixels.shape[2])
        room = (height, width) if self.cut else (height - down, width - right)
        must_fit(picture, shown, room, "Take fit='long' or fit='model', a smaller side, or a smaller grid.")
        place = ((height - shown[0] - down) // 2 + down, (width - shown[1] - right) // 2 + right)
        size = (height + down, width + right)
        return preprocessing.normalise(canvas(pixels, size, place, self.fill, preprocessing))

    def open(self, sources: Tensor, indices: Sequence[int]) -> Views:
        """Windows of the canvases."""
        window = (sources.shape[-2] - self.extent[0], sources.shape[-1] - self.extent[1])
        return WindowViews(sources, corners(self.offsets), window)

    def _chosen(self, preprocessing: Preprocessing) -> tuple[int, str]:
        """Side and fit at this input size."""
        window, extent = preprocessing.size, (0, 0) if self.cut else self.extent
        room, large = largest_side(window, extent), min(window) >= LARGE
        side = self.side or (min(round(min(window) * PUBLISHED), room) if large else room)
        if side > room:
            hint = f"Take a side of at most {room}, a smaller grid, or cut=True."
            raise UsageError(f"a side of {side} pixels leaves no room for the grid", hint=hint)
        return side, self.fit or ("short" if large else "model")
