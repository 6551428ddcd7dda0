"""What stands around an embedded picture."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.transforms.inpaint import inpaint
from biasscope.transforms.windows import around

if TYPE_CHECKING:
    from biasscope.models.preprocessing import Preprocessing

FILLS = ("black", "mean", "reflect", "inpaint", "#rrggbb")
GREY = (0.299, 0.587, 0.114)


def check_fill(fill: str) -> None:
    """Raise a usage error unless this is a fill."""
    if fill not in FILLS[:-1] and not re.fullmatch("#[0-9a-fA-F]{6}", fill):
        raise UsageError(f"there is no fill {fill!r}", hint=f"There are: {', '.join(FILLS)}.")


def colour(fill: str, preprocessing: Preprocessing) -> tuple[float, ...]:
    """Values in [0, 1] of one pixel of a plain fill, one a channel.

    ``black`` is zero before the normalisation; ``mean`` is zero after it (the canvas that the code of Azulay and Weiss
    calls black). A colour becomes its luminance (ITU-R 601) for models that take grey pictures.
    """
    if fill == "mean":
        return preprocessing.mean
    channels = preprocessing.channels
    if fill == "black":
        return (0.0,) * channels
    rgb = tuple(int(fill[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return rgb if channels == 3 else (sum(w * v for w, v in zip(GREY, rgb, strict=True)),) * channels


def canvas(
    pixels: Tensor, size: tuple[int, int], place: tuple[int, int], fill: str, preprocessing: Preprocessing
) -> Tensor:
    """Paste pixels (C, h, w) in [0, 1] into a canvas of ``size``, top left corner at ``place``, filled around it.

    Returns
    -------
    (C, *size) in [0, 1].
    """
    (top, left), (height, width) = place, (pixels.shape[1], pixels.shape[2])
    below, right = size[0] - height - top, size[1] - width - left
    if fill == "reflect":
        rows, columns = around(height, top, below, "reflect"), around(width, left, right, "reflect")
        return pixels[:, rows][:, :, columns]
    inner = (slice(None), slice(top, top + height), slice(left, left + width))
    if fill == "inpaint":
        full = pixels.new_zeros(len(pixels), *size)
        known = torch.zeros(size, dtype=torch.bool)
        full[inner], known[inner[1:]] = pixels, True
        return inpaint(full, known)
    full = pixels.new_tensor(colour(fill, preprocessing))[:, None, None].repeat(1, *size)
    full[inner] = pixels
    return full
