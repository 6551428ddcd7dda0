"""Autograd functions that recompute patches in the backward pass instead of keeping them."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from biasscope.nn.pac.dense import dense_conv, dense_pool
from biasscope.nn.pac.eager import gradients_with_graph
from biasscope.nn.pac.geometry import Window
from biasscope.nn.pac.layout import from_nhwc, is_channels_last, padded_nhwc, to_nhwc, unpadded
from biasscope.nn.pac.tiled_backward import tiled_backward
from biasscope.nn.pac.tiled_forward import tiled_forward


class TiledConv(torch.autograd.Function):
    """Convolution with a pixel-adaptive kernel (N or 1, taps, H_out, W_out), filters (O, C / G, k_h, k_w)."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, kernel: Tensor, weight: Tensor, bias: Tensor | None, window: Window, groups: int
    ) -> Tensor:
        """Convolve tile by tile."""
        ctx.save_for_backward(x, kernel, weight)
        ctx.window, ctx.groups = window, groups
        out = tiled_forward(padded_nhwc(x, window), kernel.permute(0, 2, 3, 1), weight, bias, window, groups)
        return from_nhwc(out, is_channels_last(x))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Recompute the patches; with ``create_graph`` differentiate the plain operations instead."""
        wanted = ctx.needs_input_grad
        bias = grad.sum((0, 2, 3)) if wanted[3] else None
        if torch.is_grad_enabled():
            plain = partial(dense_conv, bias=None, window=ctx.window, groups=ctx.groups)
            return (*gradients_with_graph(plain, ctx.saved_tensors, wanted[:3], grad), bias, None, None)
        x, kernel, weight = ctx.saved_tensors
        padded, grad = padded_nhwc(x, ctx.window), to_nhwc(grad)
        grads = tiled_backward(padded, kernel.permute(0, 2, 3, 1), weight, grad, ctx.window, ctx.groups, wanted[:3])
        grad_x, grad_kernel = grads.padded, grads.kernel
        if grad_x is not None:
            grad_x = from_nhwc(unpadded(grad_x, ctx.window, (x.shape[2], x.shape[3])), is_channels_last(x))
        if grad_kernel is not None:
            grad_kernel = grad_kernel.permute(0, 3, 1, 2)
        return grad_x, grad_kernel, grads.weight, bias, None, None


class TapwisePool(torch.autograd.Function):
    """Sum over the window with a pixel-adaptive kernel (N or 1, 1 or C, taps, H_out, W_out)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, window: Window) -> Tensor:
        """Add one tap after the other."""
        ctx.save_for_backward(x, kernel)
        ctx.window = window
        taps = enumerate(window.taps(window.pad(x)))
        out = next(taps)[1] * kernel[:, :, 0]
        for index, tap in taps:
            out.addcmul_(tap, kernel[:, :, index])
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Go through the taps again; with ``create_graph`` differentiate the plain operations instead."""
        x, kernel = ctx.saved_tensors
        wanted = ctx.needs_input_grad[:2]
        if torch.is_grad_enabled():
            return (*gradients_with_graph(partial(dense_pool, window=ctx.window), (x, kernel), wanted, grad), None)
        padded = ctx.window.pad(x)
        grad_padded = torch.zeros_like(padded)
        grad_kernel = torch.empty_like(kernel)
        taps = zip(ctx.window.taps(padded), ctx.window.taps(grad_padded), strict=True)
        for index, (tap, grad_tap) in enumerate(taps):
            plane = kernel[:, :, index]
            if wanted[1]:
                grad_kernel[:, :, index] = (grad * tap).sum_to_size(plane.shape)
            grad_tap.addcmul_(grad, plane)
        return _unpad(grad_padded, ctx.window, x), grad_kernel if wanted[1] else None, None


def _unpad(grad_padded: Tensor, window: Window, x: Tensor) -> Tensor:
    """Undo zero padding (or a crop) of (N, C, H, W)."""
    backwards = Window(
        window.sides,
        before=(-window.before[0], -window.before[1]),
        after=(-window.after[0], -window.after[1]),
    )
    out = backwards.pad(grad_padded)
    assert out.shape == x.shape  # noqa: S101
    return out
