"""Crop windows around the object, which stays whole: no resize, no fill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor

from biasscope.core.errors import InputError
from biasscope.transforms.geometry import resized, scaled
from biasscope.transforms.shifts import OverWholeGrid, positive, still
from biasscope.transforms.transformation import Views
from biasscope.transforms.windows import WindowViews, corners

if TYPE_CHECKING:
    from biasscope.images.picture import Picture
    from biasscope.models.preprocessing import Preprocessing

LARGER = "Give a source_size, to which short sides are resized first, or a smaller grid."
SMALLER = "Give a smaller source_size, to which short sides are resized first, or a smaller grid."


@dataclass(frozen=True)
class BoxCrop(OverWholeGrid):
    """Windows of the original picture that all hold the whole object (protocol 6 of Azulay and Weiss).

    Parameters
    ----------
    grid
        Shifts of the content.
    source_size
        Short side in pixels that pictures are resized to first; ``None`` takes them as they are, as published.

    Notes
    -----
    The windows are centred on the object as far as the picture's borders allow. Pictures without a box, with an object
    that is too large for the window or with too little around it are input errors, each with its reason.

    Examples
    --------
    >>> BoxCrop("3x3").shifts.extent
    (2.0, 2.0)
    """

    name: ClassVar[str] = "box"
    source_size: int | None = None

    def __post_init__(self) -> None:
        """Check the parameters."""
        super().__post_init__()
        positive("source_size", self.source_size)

    def source(self, picture: Picture, preprocessing: Preprocessing, index: int) -> Tensor:
        """Give (C, H + extent, W + extent) around the object."""
        height, width = still(picture.pixels, picture.image_id).shape[:2]
        if picture.box is None:
            raise InputError(
                "no box is known", where=picture.image_id, hint="Take images with boxes, or another protocol."
            )
        size = (height, width) if self.source_size is None else scaled(picture, self.source_size)
        x0, y0, x1, y1 = picture.box
        top = self._start(picture.image_id, 0, (y0 * size[0] / height, y1 * size[0] / height), size, preprocessing)
        left = self._start(picture.image_id, 1, (x0 * size[1] / width, x1 * size[1] / width), size, preprocessing)
        pixels = resized(picture.pixels, preprocessing, size)
        below, right = top + preprocessing.size[0] + self.extent[0], left + preprocessing.size[1] + self.extent[1]
        return preprocessing.normalise(pixels[:, top:below, left:right])

    def open(self, sources: Tensor, indices: Sequence[int]) -> Views:
        """Windows of the sources as they are."""
        window = (sources.shape[-2] - self.extent[0], sources.shape[-1] - self.extent[1])
        return WindowViews(sources, corners(self.offsets), window)

    def _start(
        self, where: str, axis: int, edges: tuple[float, float], size: tuple[int, int], preprocessing: Preprocessing
    ) -> int:
        """Where the room of all windows starts on one axis: every window from there on holds the object."""
        window, extent = preprocessing.size[axis], self.extent[axis]
        side, word = size[axis], ("high", "wide")[axis]
        first, last = max(floor(edges[0]), 0), min(ceil(edges[1]), side)
        if last - first > window - extent:
            what = f"the object is {last - first} pixels {word}, the windows share {window - extent}"
            raise InputError(what, where=where, hint=SMALLER)
        if window + extent > side:
            what = f"the picture is {side} pixels {word}, the windows need {window + extent}"
            raise InputError(what, where=where, hint=LARGER)
        least, most = max(last - window, 0), min(first - extent, side - window - extent)
        if least > most:
            what = f"the object is too near to the border to be moved by {extent} pixels"
            raise InputError(what, where=where, hint="Give a smaller grid.")
        return min(max((first + last - window - extent) // 2, least), most)
