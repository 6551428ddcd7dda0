"""Layers that an architecture needs as modules so that surgery can find them."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class SubsampleShortcut(nn.Module):
    """Shortcut without parameters: every ``stride``-th pixel, then zero channels on both sides.

    Parameters
    ----------
    added_channels
        Zero channels added on each side.
    stride
        Subsampling factor in pixels, on both axes.

    Notes
    -----
    Convention: (N, C, H, W) to (N, C + 2 added_channels, ceil(H / stride), ceil(W / stride)). ``sampler`` is the
    layer that takes the pixels where surgery has put one, otherwise they are sliced.
    Source: He et al., "Deep residual learning for image recognition", CVPR 2016, option A of section 3.3.

    Examples
    --------
    >>> import torch
    >>> SubsampleShortcut(8, 2)(torch.ones(1, 16, 5, 5)).shape
    torch.Size([1, 32, 3, 3])
    """

    def __init__(self, added_channels: int, stride: int = 2) -> None:
        super().__init__()
        self.added_channels, self.stride = added_channels, stride
        self.sampler: nn.Module | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Subsample and widen."""
        x = x[..., :: self.stride, :: self.stride] if self.sampler is None else self.sampler(x)
        return F.pad(x, (0, 0, 0, 0, self.added_channels, self.added_channels))

    def extra_repr(self) -> str:
        """Show the arguments."""
        return f"added_channels={self.added_channels}, stride={self.stride}"
