"""The one place where untrusted bytes become a picture: limits before decoding, no crash, no warning, no pickle."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biasscope.images.pixels import Note, UnsupportedError, to_pixels

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM", "JPEG2000", "AVIF")
"""Formats that Pillow may try; those that start another program (EPS, say) are not among them."""

_JPEG, _PNG, _OTHERS = (".jpg", ".jpeg", ".jpe", ".jfif", ".jp2"), (".png", ".apng"), (".webp", ".avif", ".gif")
_PLAIN = (".bmp", ".dib", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm")
SUFFIXES = frozenset((*_JPEG, *_PNG, *_OTHERS, *_PLAIN))
"""Ends of the names of picture files."""


@dataclass(frozen=True)
class Limits:
    """Pictures that are not decoded, decided by their headers.

    Attributes
    ----------
    pixels
        Most pixels (width x height).
    side
        Longest side.
    short
        Shortest side that is of use.

    Examples
    --------
    >>> import io
    >>> from PIL import Image
    >>> decode(Image.new("L", (40, 30)), Limits(side=32)).notes[0].code
    'too-large'
    """

    pixels: int = 100_000_000
    side: int = 20_000
    short: int = 8

    def refusal(self, width: int, height: int) -> Note | None:
        """Why a picture of this size is left out.

        Examples
        --------
        >>> Limits().refusal(30_000, 20).detail
        '30000 x 20 pixels; the longest side is 20000'
        """
        size = f"{width} x {height} pixels"
        if max(width, height) > self.side:
            return Note("too-large", f"{size}; the longest side is {self.side}", used=False)
        if width * height > self.pixels:
            return Note("too-large", f"{size}; the limit is {self.pixels} pixels", used=False)
        if min(width, height) < self.short:
            return Note("too-small", f"{size}; the shortest side is {self.short}", used=False)
        return None


DEFAULT = Limits()
_PILLOW = r"PIL\."


@dataclass(frozen=True, eq=False)
class Decoded:
    """Pixels, uint8 (H, W) or (H, W, 3), or ``None`` if the picture is left out; and what there is to say about it.

    Attributes
    ----------
    pixels
        uint8 (H, W) or (H, W, 3), or ``None`` if the picture is left out.
    notes
        What there is to say about it.

    Examples
    --------
    >>> found = decode(b"no picture")
    >>> found.pixels is None, found.notes[0].code
    (True, 'unreadable')
    """

    pixels: NDArray[np.uint8] | None
    notes: list[Note] = field(default_factory=list)


def decode(data: bytes | Path | Image, limits: Limits = DEFAULT) -> Decoded:
    """Decode the bytes, the file or the open picture. Whatever they hold, this gives an answer and raises nothing.

    Parameters
    ----------
    data
        An encoded picture, the path of one, or a Pillow picture.
    limits
        What is not decoded.

    Returns
    -------
        Pixels, or none with the reason.

    Examples
    --------
    >>> decode(b"no picture").notes[0].code
    'unreadable'
    """
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    _quiet()
    try:
        Pillow.init()  # formats that are named are not looked for otherwise
        known = [name for name in FORMATS if name in Pillow.OPEN]
        if isinstance(data, Pillow.Image):
            return _decoded(data, limits)
        if isinstance(data, Path) and not data.is_file():
            return _left_out("missing", "there is no such file")
        with Pillow.open(BytesIO(data) if isinstance(data, bytes) else data, formats=known) as image:
            return _decoded(image, limits)
    except Pillow.DecompressionBombError as error:
        return _left_out("too-large", _sentence(error))
    except UnidentifiedImageError:
        return _left_out("unreadable", _why(data))
    except UnsupportedError as error:
        return _left_out("unsupported", str(error))
    except Exception as error:  # decoders raise whatever they stumble over
        return _left_out("truncated" if _is_cut(error) else "unreadable", _sentence(error))


def _quiet() -> None:
    """Ignore warnings from within Pillow, from now on, and its log unless someone listens: the notes say it.

    Not `warnings.catch_warnings`, which two threads at once leave in disorder; pictures are read ahead in a thread.
    """
    log = logging.getLogger("PIL")
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    first = next(iter(warnings.filters), None)
    if first is None or getattr(first[3], "pattern", None) != _PILLOW:  # adding it again moves it to the front
        warnings.filterwarnings("ignore", module=_PILLOW)


def _decoded(image: Image, limits: Limits) -> Decoded:
    refused = limits.refusal(*image.size)
    return Decoded(None, [refused]) if refused else Decoded(*to_pixels(image))


def _left_out(code: str, detail: str) -> Decoded:
    return Decoded(None, [Note(code, detail, used=False)])


def _is_cut(error: Exception) -> bool:
    words = str(error).lower()
    return isinstance(error, EOFError) or any(word in words for word in ("truncated", "broken data stream", "eof"))


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else 'no reason given'}"


def _why(data: object) -> str:
    empty = data.stat().st_size == 0 if isinstance(data, Path) else data == b""
    return "it is empty" if empty else "the format is not known"
