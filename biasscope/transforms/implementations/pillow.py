"""Pillow: filters that average when they shrink, in fixed-point numbers; the ground of most PyTorch training."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def resize(method: Image.Resampling, pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Resize with one of Pillow's filters."""
    return np.asarray(Image.fromarray(pixels).resize((width, height), method))


nearest = partial(resize, Image.Resampling.NEAREST)
box = partial(resize, Image.Resampling.BOX)
bilinear = partial(resize, Image.Resampling.BILINEAR)
hamming = partial(resize, Image.Resampling.HAMMING)
bicubic = partial(resize, Image.Resampling.BICUBIC)
lanczos = partial(resize, Image.Resampling.LANCZOS)
