"""What a layer that subsamples gives at stride 1: a max pool split into its maximum and its subsampling."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.models.surgery.layers import CircularMaxPool2d

Dense = Callable[[Tensor], Tensor]


def dense_form(module: nn.Module | None, wraps: bool = False) -> tuple[str, Dense] | None:
    """Word for the dense form of a module and a function that computes it; ``None`` if it has none.

    With ``wraps`` the windows of a max pool go around the map's end, so that it keeps its size.

    Examples
    --------
    >>> import torch
    >>> word, dense = dense_form(nn.MaxPool2d(2))
    >>> word, dense(torch.tensor([[[[1.0, 0.0, 2.0], [0.0, 0.0, 0.0]]]])).tolist()
    ('max', [[[[1.0, 2.0]]]])
    """
    if type(module) is nn.MaxPool2d:
        pool = module
        if wraps:
            around = CircularMaxPool2d(pool.kernel_size, 1, pool.padding, pool.dilation)
            return "max", around
        return "max", lambda x: F.max_pool2d(x, pool.kernel_size, 1, pool.padding, pool.dilation)
    if type(module) is CircularMaxPool2d:
        circular = module
        return "max", lambda x: _maximum(circular, x)
    if type(module) is nn.Conv2d and not isinstance(module.padding, str):
        conv = module
        return "dense", lambda x: _convolve(conv, x)
    return None


def _maximum(pool: CircularMaxPool2d, x: Tensor) -> Tensor:
    return F.max_pool2d(pool.wrapped(x), pool.kernel_size, 1, 0, pool.dilation)


def _convolve(conv: nn.Conv2d, x: Tensor) -> Tensor:
    padding = conv.padding
    if conv.padding_mode != "zeros":
        x = F.pad(x, conv._reversed_padding_repeated_twice, mode=conv.padding_mode)
        padding = (0, 0)
    return F.conv2d(x, conv.weight, conv.bias, 1, padding, conv.dilation, conv.groups)
