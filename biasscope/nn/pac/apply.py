"""Apply a pixel-adaptive kernel: by plain operations, tap by tap, or tile by tile, whichever fits."""

import torch
from torch import Tensor

from biasscope.nn._context import autocast_dtype, autocast_off, may_use_autograd_function
from biasscope.nn.pac.dense import dense_conv, dense_pool
from biasscope.nn.pac.fitting import is_shared
from biasscope.nn.pac.function import TapwisePool, TiledConv
from biasscope.nn.pac.geometry import Window

_FEWEST_TILED_CHANNELS = 8
"""With fewer channels per group the rows of a patch are too short for the tiled path."""


def pooled(x: Tensor, kernel: Tensor, window: Window, native_impl: bool) -> Tensor:
    """Sum over windows; ``kernel`` is (N or 1, 1 or C, k_h, k_w, H_out, W_out)."""
    planes = kernel.flatten(2, 3)
    if native_impl or not may_use_autograd_function():
        return dense_pool(x, planes, window)
    out: Tensor = TapwisePool.apply(x, planes, window)
    return out


def convolved(
    x: Tensor, kernel: Tensor, weight: Tensor, bias: Tensor | None, window: Window, groups: int, native_impl: bool
) -> Tensor:
    """Convolve in the type that autocast asks for; ``kernel`` is (N or 1, 1, k_h, k_w, H_out, W_out)."""
    dtype = _type_for(x)
    bias = None if bias is None else bias.to(dtype)
    with autocast_off(x.device):
        return _convolved(x.to(dtype), kernel.to(dtype), weight.to(dtype), bias, window, groups, native_impl)


def _type_for(x: Tensor) -> torch.dtype:
    """Type that autocast casts the arguments of a convolution to, or that of the input."""
    cast = None if x.dtype == torch.float64 or not x.is_floating_point() else autocast_dtype(x.device)
    return cast or x.dtype


def _convolved(
    x: Tensor, kernel: Tensor, weight: Tensor, bias: Tensor | None, window: Window, groups: int, native_impl: bool
) -> Tensor:
    if is_shared(weight, x):
        out = pooled(x, kernel * weight[0, 0, :, :, None, None], window, native_impl)
        return out if bias is None else out + bias.view(-1, 1, 1)
    planes = kernel[:, 0].flatten(1, 2)
    small = weight.shape[1] < _FEWEST_TILED_CHANNELS
    if native_impl or small or not may_use_autograd_function() or x.shape[0] == 0:
        return dense_conv(x, planes, weight, bias, window, groups)
    result: Tensor = TiledConv.apply(x, planes, weight, bias, window, groups)
    return result
