"""Between arrays (H, W) or (H, W, C) and tensors (1, C, H, W)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def channels_first(pixels: NDArray[np.uint8]) -> Tensor:
    """Give (1, C, H, W)."""
    return (
        torch.from_numpy(np.array(pixels[..., None] if pixels.ndim == 2 else pixels))
        .permute(2, 0, 1)[None]
        .contiguous()
    )


def channels_last(tensor: Tensor) -> NDArray[np.generic]:
    """Give (H, W, C), or (H, W) where there is one channel."""
    pixels: NDArray[np.generic] = tensor[0].permute(1, 2, 0).numpy()
    return pixels[..., 0] if pixels.shape[-1] == 1 else pixels
