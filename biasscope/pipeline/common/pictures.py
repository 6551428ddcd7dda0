"""Small pictures for the report, as data addresses."""

from __future__ import annotations

import base64
import io
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from biasscope.images.picture import Picture

if TYPE_CHECKING:
    from biasscope.models import Preprocessing
    from biasscope.transforms.transformation import Transformation

SIDE = 96
QUALITY = 80


def address(pixels: NDArray[np.uint8]) -> str:
    """Data address of a picture of at most :data:`SIDE` pixels: the smaller of PNG and JPEG.

    Parameters
    ----------
    pixels
        uint8, (H, W) or (H, W, 3).

    Examples
    --------
    >>> address(np.zeros((8, 8), np.uint8))[:22]
    'data:image/png;base64,'
    """
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    kinds: dict[str, dict[str, Any]] = {"png": {"optimize": True}, "jpeg": {"quality": QUALITY}}
    kind, data = min(((kind, _encoded(picture, kind, options)) for kind, options in kinds.items()), key=_length)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _encoded(picture: Image.Image, kind: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind.upper(), **options)
    return buffer.getvalue()


def _length(pair: tuple[str, bytes]) -> int:
    return len(pair[1])


def collect(source: Iterable[Picture], wanted: Collection[str]) -> dict[str, Picture]:
    """Pictures by name; reading ends when all are found."""
    found: dict[str, Picture] = {}
    if not wanted:
        return found
    for picture in source:
        if picture.image_id in wanted:
            found[picture.image_id] = picture
            if len(found) == len(wanted):
                break
    return found


def still(picture: Picture) -> NDArray[np.uint8]:
    """The picture itself, or the first frame of a clip."""
    return picture.pixels[0] if picture.pixels.ndim == 4 else picture.pixels


def view(
    picture: Picture, transformation: Transformation, preprocessing: Preprocessing, number: int, index: int
) -> NDArray[np.uint8]:
    """What the model was given as view ``number`` of a picture: uint8, (H, W) or (H, W, 3).

    ``index`` is the number of the picture in the sweep.
    """
    source = transformation.source(picture, preprocessing, index)[None]
    height, width = preprocessing.size
    out = torch.empty(1, preprocessing.channels, height, width)
    transformation.open(source, [index]).write(out, [number], [0])
    shown = (preprocessing.denormalise(out[0]).clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return shown[:, :, 0] if preprocessing.channels == 1 else shown[:, :, :3]
