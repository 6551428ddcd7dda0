"""Joint upsampling network: a low-resolution map, guided by a high-resolution image."""

from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn._fx import one_step, unscripted
from biasscope.nn.pac.transpose import PacConvTranspose2d


def _convolutions(widths: list[int], side: int, last_relu: bool, factory: dict[str, Any]) -> nn.Sequential:
    """Stack size-keeping convolutions with ReLU between them."""
    layers: list[nn.Module] = []
    for i, o in pairwise(widths):
        layers += [nn.Conv2d(i, o, side, padding=side // 2, **factory), nn.ReLU()]
    return nn.Sequential(*(layers if last_relu else layers[:-1]))


class PacJointUpsample2d(nn.Module):
    """Upsample a map (depth, flow, ...) by a power of two along the edges of a guide image.

    Three 5 x 5 convolutions read the low-resolution map, three read the guide and give ``guidance_channels`` features
    for every doubling; each doubling is a `PacConvTranspose2d` (5 x 5, stride 2, padding 2, output_padding 1) with
    ReLU, guided by its features resized to its resolution; two 5 x 5 convolutions give the result.

    Parameters
    ----------
    factor
        Upsampling factor, a power of two from 2 on.
    channels
        Channels of the map.
    guide_channels
        Channels of the guide image.
    width
        Channels inside.
    guidance_channels
        Guidance features of one doubling.
    kernel_size
        Side of all filters, odd.
    options
        Kernel options of the `PacConvTranspose2d` layers, and ``device`` and ``dtype``.

    Notes
    -----
    Convention: map (N, C, h, w), guide (N, G, factor h, factor w), output (N, C, factor h, factor w).
    Source: Su et al., CVPR 2019, section 4 (joint upsampling).

    Raises
    ------
    ValueError
        If the factor is not a power of two or shapes do not fit.

    Examples
    --------
    >>> import torch
    >>> net = PacJointUpsample2d(4, width=8)
    >>> net(torch.rand(1, 1, 4, 4), torch.rand(1, 3, 16, 16)).shape
    torch.Size([1, 1, 16, 16])
    """

    __prepare_scriptable__ = unscripted

    def __init__(
        self,
        factor: int,
        channels: int = 1,
        guide_channels: int = 3,
        width: int = 32,
        guidance_channels: int = 16,
        kernel_size: int = 5,
        **options: Any,
    ) -> None:
        super().__init__()
        if isinstance(factor, bool) or not isinstance(factor, int) or factor < 2 or factor & (factor - 1):
            raise ValueError(f"factor must be a power of two from 2 on, got {factor!r}")
        self.factor, self.channels, self.guide_channels = factor, channels, guide_channels
        self.guidance_channels, stages = guidance_channels, factor.bit_length() - 1
        factory: dict[str, Any] = {key: options[key] for key in ("device", "dtype") if key in options}
        self.target = _convolutions([channels, width, width, width], kernel_size, True, factory)
        guide_widths = [guide_channels, width, width, guidance_channels * stages]
        self.guide = _convolutions(guide_widths, kernel_size, False, factory)
        self.stages = nn.ModuleList(
            PacConvTranspose2d(width, width, kernel_size, 2, kernel_size // 2, 1, **options) for _ in range(stages)
        )
        self.head = _convolutions([width, width, channels], kernel_size, False, factory)

    @one_step
    def forward(self, x: Tensor, guide: Tensor) -> Tensor:
        """Upsample (N, C, h, w) under the guide (N, G, factor h, factor w)."""
        _checks.image_batch(x, self.channels, "PacJointUpsample2d")
        _checks.image_batch(guide, self.guide_channels, "PacJointUpsample2d", "guide")
        size = [side * self.factor for side in x.shape[2:]]
        if list(guide.shape[2:]) != size:
            raise ValueError(f"PacJointUpsample2d: guide must have the size {size}, got {list(guide.shape[2:])}")
        features = self.guide(guide).split(self.guidance_channels, 1)
        x = self.target(x)
        for stage, feature in zip(self.stages, features, strict=True):
            doubled = [2 * side for side in x.shape[2:]]
            x = stage(x, F.interpolate(feature, doubled, mode="bilinear")).relu()
        out: Tensor = self.head(x)
        return out
