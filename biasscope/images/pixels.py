"""Any Pillow picture to 8-bit grey or RGB, with what had to be done to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

ORIENTATION = 0x0112
_DEEP = 65535


class Note(NamedTuple):
    """A code of :data:`~biasscope.images.problems.PROBLEMS`, its detail, and whether the picture is used."""

    code: str
    detail: str
    used: bool = True


class UnsupportedError(ValueError):
    """Pixels that cannot be brought to 8 bits honestly."""


def to_pixels(image: Image) -> tuple[NDArray[np.uint8], list[Note]]:
    """Decode a picture to uint8, (H, W) grey or (H, W, 3) RGB, and say what was converted.

    Frames after the first are left; an EXIF orientation is applied; what is transparent is laid over black; 16 bits are
    scaled to 8.

    Raises
    ------
    UnsupportedError
        The pixels have no stated range, or colours that Pillow does not convert.

    Examples
    --------
    >>> from PIL import Image
    >>> pixels, notes = to_pixels(Image.new("CMYK", (2, 1), (0, 255, 255, 0)))
    >>> pixels.tolist(), notes[0].code
    ([[[255, 0, 0], [255, 0, 0]]], 'cmyk')
    """
    notes = _frames(image)
    notes += _stored_deep(image)
    image.load()
    image, turned = _upright(image)
    pixels, converted = _eight_bits(image)
    return pixels, [*notes, *turned, *converted]


def _frames(image: Image) -> list[Note]:
    # A picture with a depth map or a preview beside it (MPO, as telephones write it) is no animation.
    if image.format == "MPO" or not getattr(image, "is_animated", False):
        return []
    image.seek(0)
    return [Note("animated", "the first of several frames was taken")]


def _stored_deep(image: Image) -> list[Note]:
    """Colour pictures of 16 bits a channel, which Pillow reduces itself while it reads them."""
    for tile in getattr(image, "tile", ()):
        arguments = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        if any(isinstance(word, str) and ";16" in word for word in arguments) and not image.mode.startswith("I"):
            return [Note("deep", "16 bits a channel, of which the upper 8 were taken")]
    return []


def _upright(image: Image) -> tuple[Image, list[Note]]:
    from PIL import ImageOps

    try:
        orientation = image.getexif().get(ORIENTATION, 1)
    except Exception as error:  # EXIF is a format of its own, and Pillow trusts it
        return image, [Note("bad-exif", f"the orientation cannot be read ({type(error).__name__})")]
    if orientation not in range(2, 9):
        return image, []
    try:
        return ImageOps.exif_transpose(image), [Note("exif-rotated", f"EXIF orientation {orientation} was applied")]
    except Exception as error:  # the same, when the block is written back
        return image, [Note("bad-exif", f"orientation {orientation} cannot be applied ({type(error).__name__})")]


def _eight_bits(image: Image) -> tuple[NDArray[np.uint8], list[Note]]:
    mode = image.mode
    if mode in ("L", "RGB") and "transparency" not in image.info:
        return np.array(image, np.uint8), []
    if mode == "1":
        return np.array(image.convert("L"), np.uint8), []
    if mode.startswith("I"):
        return _scaled(image)
    if mode == "CMYK":
        return _rgb(image), [Note("cmyk", "CMYK was converted to RGB without its colour profile")]
    if mode in ("YCbCr", "HSV", "RGBX"):
        return _rgb(image), [Note("colour-space", f"{mode} was converted to RGB")]
    if mode in ("P", "PA", "LA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        return _opaque(image)
    raise UnsupportedError(f"pixels of mode {mode} have no stated range or colours")


def _rgb(image: Image) -> NDArray[np.uint8]:
    return np.array(image.convert("RGB"), np.uint8)


def _scaled(image: Image) -> tuple[NDArray[np.uint8], list[Note]]:
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > _DEEP:
        raise UnsupportedError(f"values from {values.min()} to {values.max()} are beyond 16 bits")
    return ((values * 255 + _DEEP // 2) // _DEEP).astype(np.uint8), [Note("deep", "16 bits were scaled to 8")]


def _opaque(image: Image) -> tuple[NDArray[np.uint8], list[Note]]:
    """Palette and transparency, over black."""
    from PIL import Image as Pillow

    notes = [Note("palette", "colours are from a palette")] if image.mode.startswith("P") else []
    if image.mode in ("La", "RGBa"):
        image = image.convert("RGBA" if image.mode == "RGBa" else "LA")
    if image.mode == "P" and "transparency" not in image.info:
        return _rgb(image), notes
    full = image.convert("RGBA")
    lowest = full.getchannel("A").getextrema()[0]
    if lowest == 255:
        return _rgb(full), notes
    black = Pillow.new("RGBA", full.size, (0, 0, 0, 255))
    return _rgb(Pillow.alpha_composite(black, full)), [*notes, Note("alpha", "laid over black where transparent")]
