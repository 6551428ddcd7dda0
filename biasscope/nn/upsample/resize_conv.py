"""Resize, then convolve."""

from typing import Any, Literal

import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn._checks import PaddingMode, Size2d
from biasscope.nn._fx import one_step, unscripted
from biasscope.nn._padding import pad2d


class ResizeConv2d(nn.Module):
    """Resize by a whole factor, pad, then convolve at stride 1: an upsampler whose every phase sees the same filter.

    Parameters
    ----------
    in_channels, out_channels, dilation, groups, bias
        As in ``nn.Conv2d``.
    kernel_size
        Side of the filter, odd.
    scale_factor
        Upsampling factor, one integer or (vertical, horizontal).
    mode
        ``"nearest"`` or ``"bilinear"`` (pixel areas aligned, ``align_corners=False``).
    padding_mode
        What lies outside the resized map, before the convolution. ``"reflect"`` keeps a constant input constant up to
        the border.
    **factory
        ``device`` and ``dtype`` of the parameters.

    Notes
    -----
    Convention: input (N, C, H, W), output (N, C', s_y H, s_x W). A constant input gives a constant output
    (exactly, at initialisation and after any training; ``padding_mode="zeros"``: in the interior).
    Parameters are those of the inner ``nn.Conv2d``, named ``conv``.
    Source: Odena et al., "Deconvolution and checkerboard artifacts", Distill 2016.

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is not (N, in_channels, H, W).

    Examples
    --------
    >>> import torch
    >>> layer = ResizeConv2d(3, 8, 3, scale_factor=2)
    >>> out = layer(torch.ones(1, 3, 4, 4))
    >>> out.shape, bool(out.std(dim=(2, 3)).max() < 1e-6)
    (torch.Size([1, 8, 8, 8]), True)
    """

    __prepare_scriptable__ = unscripted

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size2d = 3,
        scale_factor: Size2d = 2,
        mode: Literal["nearest", "bilinear"] = "nearest",
        padding_mode: PaddingMode = "reflect",
        dilation: Size2d = 1,
        groups: int = 1,
        bias: bool = True,
        **factory: Any,
    ) -> None:
        super().__init__()
        _checks.padding_mode(padding_mode)
        _checks.choice(mode, "mode", ("nearest", "bilinear"))
        kernel, spread = _checks.pair(kernel_size, "kernel_size"), _checks.pair(dilation, "dilation")
        if kernel[0] % 2 == 0 or kernel[1] % 2 == 0:
            raise ValueError(f"kernel_size must be odd, got {kernel_size!r}")
        self.scale_factor, self.mode, self.padding_mode = _checks.pair(scale_factor, "scale_factor"), mode, padding_mode
        self.margin = (spread[0] * (kernel[0] // 2), spread[1] * (kernel[1] // 2))
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, dilation=spread, groups=groups, bias=bias, **factory)

    @one_step
    def forward(self, x: Tensor) -> Tensor:
        """Upsample (N, C, H, W)."""
        _checks.image_batch(x, self.conv.in_channels, "ResizeConv2d")
        size = [side * factor for side, factor in zip(x.shape[2:], self.scale_factor, strict=True)]
        x = F.interpolate(x, size, mode=self.mode)
        vertical, horizontal = self.margin
        out: Tensor = self.conv(pad2d(x, (vertical, vertical), (horizontal, horizontal), self.padding_mode))
        return out

    def extra_repr(self) -> str:
        """Show the arguments of the resize."""
        return f"scale_factor={self.scale_factor}, mode={self.mode!r}, padding_mode={self.padding_mode!r}"
