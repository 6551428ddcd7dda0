"""torchvision on uint8 tensors, with antialiasing (the default since 0.17) and without (the default before)."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from biasscope.transforms.implementations.layout import channels_first, channels_last


def resize(antialias: bool, pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.generic]:
    """Resize a tensor of bytes, bilinear."""
    from torchvision.transforms.v2 import functional

    return channels_last(functional.resize(channels_first(pixels), [height, width], antialias=antialias))


antialiased = partial(resize, True)
aliased = partial(resize, False)
