"""Where training and evaluation crops fall: the sampling laws of the usual crops, vectorised, without torch.

Convention
----------
Sizes and positions are pixels of the source image, origin top left, x to the right, y down. A crop is a window of the
source that is resized to an output frame; windows may reach outside the source (padding). One window per image given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.core.errors import UsageError

Floats = NDArray[np.float64]
ATTEMPTS = 10


@dataclass(frozen=True)
class Windows:
    """Crop windows: what part of each source image fills the output frame.

    Attributes
    ----------
    left, top, width, height
        Window in pixels of the source, shape (N,).
    out_width, out_height
        Output frame in pixels, shape (N,).
    """

    left: Floats
    top: Floats
    width: Floats
    height: Floats
    out_width: Floats
    out_height: Floats

    @property
    def zoom(self) -> Floats:
        """Output pixels per source pixel, the geometric mean of both axes."""
        return np.sqrt(self.out_width / self.width * (self.out_height / self.height))


def random_resized_crop(
    width: ArrayLike,
    height: ArrayLike,
    rng: np.random.Generator,
    *,
    size: int = 224,
    scale: tuple[float, float] = (0.08, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> Windows:
    """Windows of ``RandomResizedCrop``: area share uniform on ``scale``, aspect ratio log-uniform on ``ratio``.

    Sides are rounded to whole pixels; a window that does not fit is drawn again, ten times at most, then the largest
    central crop within ``ratio`` is taken. The corner is uniform over all whole-pixel offsets.

    Parameters
    ----------
    width, height
        Image sizes in pixels, shape (N,).
    rng
        Generator that is drawn from.
    size
        Side of the output frame in pixels.
    scale
        Least and greatest share of the image's area.
    ratio
        Least and greatest aspect ratio (width / height) of the window.

    Raises
    ------
    UsageError
        For a window without a pixel, which a ratio far from 1 gives in a tiny image.

    References
    ----------
    Szegedy et al., *Going Deeper with Convolutions*, CVPR 2015, section 6; the law is torchvision's
    ``RandomResizedCrop``, which the tests sample against.

    Examples
    --------
    >>> windows = random_resized_crop([400, 400], [300, 300], np.random.default_rng(0))
    >>> bool((windows.left + windows.width <= 400).all())
    True
    """
    wide, high = _sizes(width, height)
    w, h = _fallback(wide, high, ratio)
    left, top = np.floor((wide - w) / 2), np.floor((high - h) / 2)
    open_rows = np.arange(wide.size)
    for _ in range(ATTEMPTS):
        area = wide[open_rows] * high[open_rows] * rng.uniform(*scale, open_rows.size)
        aspect = np.exp(rng.uniform(np.log(ratio[0]), np.log(ratio[1]), open_rows.size))
        wanted_w, wanted_h = np.rint(np.sqrt(area * aspect)), np.rint(np.sqrt(area / aspect))
        room_x, room_y = wide[open_rows] - wanted_w, high[open_rows] - wanted_h
        fits = (wanted_w > 0) & (room_x >= 0) & (wanted_h > 0) & (room_y >= 0)
        rows = open_rows[fits]
        w[rows], h[rows] = wanted_w[fits], wanted_h[fits]
        left[rows], top[rows] = _offsets(room_x[fits], rng), _offsets(room_y[fits], rng)
        open_rows = open_rows[~fits]
        if not open_rows.size:
            break
    _refuse_empty(wide, high, w, h)
    return _framed(left, top, w, h, size, size)


def random_crop(
    width: ArrayLike, height: ArrayLike, rng: np.random.Generator, *, size: int, padding: int = 0
) -> Windows:
    """Windows of ``RandomCrop(size, padding)``: a square of fixed side, uniform over the padded image.

    Examples
    --------
    >>> windows = random_crop([32] * 1000, [32] * 1000, np.random.default_rng(0), size=32, padding=4)
    >>> float(windows.left.min()), float(windows.left.max())
    (-4.0, 4.0)
    """
    wide, high = _sizes(width, height)
    room_x, room_y = wide + 2 * padding - size, high + 2 * padding - size
    for row in np.flatnonzero(np.minimum(room_x, room_y) < 0)[:1]:
        image = f"an image of {wide[row]:.0f} x {high[row]:.0f} pixels padded by {padding}"
        hint = "Give a smaller crop, more padding, or pad_if_needed=True in a pipeline."
        raise UsageError(f"a crop of side {size} does not fit {image}", where="--augment", hint=hint)
    side = np.full(wide.size, float(size))
    return _framed(_offsets(room_x, rng) - padding, _offsets(room_y, rng) - padding, side, side, size, size)


def resize_center_crop(width: ArrayLike, height: ArrayLike, *, resize: int = 256, size: int = 224) -> Windows:
    """Windows of evaluation: ``Resize(resize)`` of the short side, then ``CenterCrop(size)``. Nothing is random.

    The long side is truncated to whole pixels and the corner rounded half to even, as torchvision does; where the
    resized image is smaller than the crop the window reaches outside it.

    Examples
    --------
    >>> window = resize_center_crop([500], [375])
    >>> [round(float(value[0]), 3) for value in (window.left, window.top, window.width, window.height)]
    [85.044, 23.438, 328.446, 328.125]
    """
    wide, high = _sizes(width, height)
    short, long = np.minimum(wide, high), np.maximum(wide, high)
    resized_long = np.floor(resize * long / short)
    new_w = np.where(wide <= high, float(resize), resized_long)
    new_h = np.where(wide <= high, resized_long, float(resize))
    left, top = _central(new_w - size), _central(new_h - size)
    x, y = wide / new_w, high / new_h
    return _framed(left * x, top * y, size * x, size * y, size, size)


def center_crop(width: ArrayLike, height: ArrayLike, *, size: int) -> Windows:
    """Windows of ``CenterCrop(size)`` without resizing; a smaller image is padded on all sides."""
    wide, high = _sizes(width, height)
    side = np.full(wide.size, float(size))
    return _framed(_central(wide - size), _central(high - size), side, side, size, size)


def whole_image(width: ArrayLike, height: ArrayLike, *, size: int = 224) -> Windows:
    """Windows that hold the whole image: ``Resize((size, size))``."""
    wide, high = _sizes(width, height)
    return _framed(np.zeros(wide.size), np.zeros(wide.size), wide.copy(), high.copy(), size, size)


def _sizes(width: ArrayLike, height: ArrayLike) -> tuple[Floats, Floats]:
    wide, high = np.broadcast_arrays(np.asarray(width, np.float64), np.asarray(height, np.float64))
    if wide.ndim != 1 or not ((wide >= 1) & (high >= 1)).all():
        raise ValueError("image sizes must be vectors of at least one pixel")
    return wide, high


def _fallback(wide: Floats, high: Floats, ratio: tuple[float, float]) -> tuple[Floats, Floats]:
    aspect = wide / high
    narrow, broad = aspect < ratio[0], aspect > ratio[1]
    return (
        np.where(broad, np.rint(high * ratio[1]), wide),
        np.where(narrow, np.rint(wide / ratio[0]), high),
    )


def _refuse_empty(wide: Floats, high: Floats, w: Floats, h: Floats) -> None:
    """Refuse windows without a pixel, on which torchvision fails as well; only ratios far from 1 lead to them."""
    for row in np.flatnonzero((w < 1) | (h < 1))[:1]:
        size, crop = f"{wide[row]:.0f} x {high[row]:.0f}", f"{w[row]:.0f} x {h[row]:.0f}"
        raise UsageError(
            f"the crop of an image of {size} pixels would be of {crop}, on which torchvision fails",
            where="--augment",
            hint="Give a ratio nearer to 1, or resize first.",
        )


def _offsets(room: Floats, rng: np.random.Generator) -> Floats:
    return np.floor(rng.random(room.size) * (room + 1))


def _central(room: Floats) -> Floats:
    return np.where(room >= 0, np.rint(room / 2), np.ceil(room / 2))


def _framed(left: Floats, top: Floats, width: Floats, height: Floats, out_width: int, out_height: int) -> Windows:
    frame_w, frame_h = (np.full(left.size, float(side)) for side in (out_width, out_height))
    return Windows(left, top, width, height, frame_w, frame_h)
