"""From the original picture to pixels of a wanted size, with the model's own interpolation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from biasscope.core.errors import InputError, UsageError
from biasscope.transforms.shifts import still

if TYPE_CHECKING:
    from biasscope.images.picture import Picture
    from biasscope.models.preprocessing import Preprocessing

FITS = ("short", "long", "model")


def resized(pixels: NDArray[np.uint8], preprocessing: Preprocessing, size: tuple[int, int]) -> Tensor:
    """Give the picture as (C, height, width) in [0, 1], resized straight to ``size``."""
    return preprocessing.with_options(size=size, resize=None).pixels(pixels)


def to_bytes(pixels: Tensor) -> NDArray[np.uint8]:
    """Give (H, W) or (H, W, C) from (C, H, W) in [0, 1]."""
    rounded = (pixels * 255).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
    return rounded[..., 0] if rounded.shape[-1] == 1 else rounded


def with_short_side(picture: Picture, preprocessing: Preprocessing, short: int) -> Tensor:
    """Give the picture as (C, h, w) in [0, 1] with this short side, the long one rounded down."""
    return resized(picture.pixels, preprocessing, scaled(picture, short))


def scaled(picture: Picture, side: int, *, longest: bool = False) -> tuple[int, int]:
    """Height and width of the picture when its short (or longest) side is ``side``."""
    height, width = still(picture.pixels, picture.image_id).shape[:2]
    old = max(height, width) if longest else min(height, width)
    return max(int(side * height / old), 1), max(int(side * width / old), 1)


def centred(side: int, window: int, extent: int) -> int:
    """Where the room of ``window + extent`` pixels starts in a side, so that the middle window is the centre crop.

    Examples
    --------
    >>> centred(256, 224, 6), centred(257, 224, 6), centred(230, 224, 6)
    (13, 13, 0)
    """
    start = round((side - window) / 2) - (extent + 1) // 2
    return start if side < window + extent else min(max(start, 0), side - window - extent)


def region(pixels: Tensor, window: tuple[int, int], extent: tuple[int, int]) -> Tensor:
    """Give the room for all windows out of (C, h, w), in the middle; where that is too small, black is added."""
    (height, width), (down, right) = window, extent
    top, left = centred(pixels.shape[1], height, down), centred(pixels.shape[2], width, right)
    below, behind = top + height + down - pixels.shape[1], left + width + right - pixels.shape[2]
    if min(top, left, -below, -behind) < 0:
        return functional.pad(pixels, (-left, behind, -top, below))
    return pixels[:, top : top + height + down, left : left + width + right]


def content(picture: Picture, preprocessing: Preprocessing, side: int, fit: str) -> Tensor:
    """Give the shrunk picture (C, h, w) in [0, 1].

    Parameters
    ----------
    side
        Pixels of the side that ``fit`` names.
    fit
        ``"short"`` or ``"long"``: that side of the picture, whole picture, aspect ratio kept. ``"model"``: what the
        model sees of the picture, ``side`` being its short side: exactly the region that is left after the model's own
        resize and crop, resized from the original in one go. (Were the short side of the picture rounded for each
        ``side`` instead, the region would change with the size: 256 to 224 becomes 69 to 60.)
    """
    pixels = still(picture.pixels, picture.image_id)
    if fit != "model":
        return resized(pixels, preprocessing, scaled(picture, side, longest=fit == "long"))
    size = pasted_size(preprocessing.size, side)
    if preprocessing.resize is None:
        return resized(pixels, preprocessing, size)
    box = None if size == preprocessing.size else seen(picture, preprocessing)
    if box is None:
        shown = preprocessing.pixels(pixels)
        return shown if size == preprocessing.size else resized(to_bytes(shown), preprocessing, size)
    image = Image.fromarray(pixels).convert("RGB" if preprocessing.channels == 3 else "L")
    method = Image.Resampling[preprocessing.interpolation.upper()]
    return preprocessing.with_options(size=size, resize=None).pixels(image.resize(size[::-1], method, box))


def seen(picture: Picture, preprocessing: Preprocessing) -> tuple[float, float, float, float] | None:
    """Edges (left, top, right, bottom), in pixels of the picture, of what the model sees of it.

    ``None`` where its window reaches beyond the picture, or where it takes the whole picture, stretched.
    """
    if preprocessing.resize is None:
        return None
    height, width = picture.pixels.shape[:2]
    rows, columns = scaled(picture, preprocessing.resize)
    (high, wide), (down, right) = preprocessing.size, (height / rows, width / columns)
    if rows < high or columns < wide:
        return None
    top, left = centred(rows, high, 0), centred(columns, wide, 0)
    return left * right, top * down, min((left + wide) * right, width), min((top + high) * down, height)


def pasted_size(window: tuple[int, int], side: int) -> tuple[int, int]:
    """Height and width of a picture of the window's shape whose short side is ``side``."""
    short = min(window)
    return max(round(window[0] * side / short), 1), max(round(window[1] * side / short), 1)


def must_fit(picture: Picture, size: tuple[int, int], room: tuple[int, int], hint: str) -> None:
    """Check that something fits in the room for it."""
    if size[0] > room[0] or size[1] > room[1]:
        what = f"the picture is {size[1]} x {size[0]} pixels, there is room for {room[1]} x {room[0]}"
        raise InputError(what, where=picture.image_id, hint=hint)


def largest_side(window: tuple[int, int], extent: tuple[int, int]) -> int:
    """Largest short side of a picture of the window's shape that stays inside the window while it travels.

    Raises
    ------
    UsageError
        The content travels further than the window is wide.
    """
    side = int(min(1 - extent[0] / window[0], 1 - extent[1] / window[1]) * min(window) + 1e-9)
    if side < 1:
        wide = f"{window[1]} x {window[0]}"
        raise UsageError(f"the grid needs {extent} pixels of room in a window of {wide}", hint="Take a smaller grid.")
    while side > 1 and any(p + e > w for p, e, w in zip(pasted_size(window, side), extent, window, strict=True)):
        side -= 1
    return side
