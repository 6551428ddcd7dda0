"""Renormalisation of a pixel-adaptive kernel by what is valid under its window."""

import torch
from torch import Tensor

from biasscope.nn.pac.geometry import Transposed, Window


def _windows(x: Tensor, window: Window) -> Tensor:
    """Gather (N, 1, H, W) into (N, 1, taps, H_out, W_out), zeros outside the map."""
    return torch.stack(list(window.taps(window.pad(x))), 2)


def _divided(numerator: Tensor, denominator: Tensor) -> Tensor:
    """Divide, giving 0 where the denominator is 0; gradients stay finite there as well."""
    empty = denominator == 0
    return (numerator / denominator.masked_fill(empty, 1.0)).masked_fill(empty, 0.0)


def _valid(x: Tensor, window: Window, transposed: Transposed | None) -> Tensor:
    return _windows(x if transposed is None else transposed.insert_zeros(x), window)


def normalised(
    kernel: Tensor,
    input_size: tuple[int, int],
    window: Window,
    transposed: Transposed | None,
    normalize_kernel: bool,
    mask: Tensor | None,
) -> tuple[Tensor, Tensor | None]:
    """Weigh the kernel (N, ., taps, H_out, W_out) by validity; give it and the mask of the output.

    Valid is what is neither padding nor an inserted zero. Without ``normalize_kernel`` a mask rescales the kernel by
    valid count / unmasked count (partial convolution); with it the mask takes part in the sum that the kernel is
    divided by. Windows without any valid pixel get a kernel of zeros.
    """
    if mask is None and not normalize_kernel:
        return kernel, None
    valid = _valid(kernel.new_ones(1, 1, *input_size), window, transposed)
    weight = valid if mask is None else _valid(mask.to(kernel.dtype), window, transposed)
    weighted = kernel * weight if mask is None else (kernel * weight).masked_fill(weight == 0, 0.0)
    if normalize_kernel:
        weighted = _divided(weighted, weighted.sum(2, keepdim=True))
    else:
        weighted = weighted * _divided(valid.sum(2, keepdim=True), weight.sum(2, keepdim=True))
    return weighted, None if mask is None else (weight.sum(2) > 0).to(mask.dtype)
