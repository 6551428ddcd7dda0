"""``torch.nn.functional.interpolate`` on floating-point tensors, as people call it: align_corners=False."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from biasscope.transforms.implementations.layout import channels_first, channels_last


def resize(
    mode: str, pixels: NDArray[np.uint8], height: int, width: int, *, antialias: bool = False
) -> NDArray[np.generic]:
    """Resize in floating point, with one of torch's modes."""
    options: dict[str, Any] = {"antialias": antialias} if antialias else {}
    if mode in ("bilinear", "bicubic"):
        options["align_corners"] = False
    with torch.no_grad():
        return channels_last(
            functional.interpolate(channels_first(pixels).float(), (height, width), mode=mode, **options)
        )


nearest = partial(resize, "nearest")
nearest_exact = partial(resize, "nearest-exact")
bilinear = partial(resize, "bilinear")
bilinear_antialias = partial(resize, "bilinear", antialias=True)
bicubic = partial(resize, "bicubic")
bicubic_antialias = partial(resize, "bicubic", antialias=True)
area = partial(resize, "area")
