"""Squared feature distance between the centre of a window and each of its taps."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from biasscope.nn._context import may_use_autograd_function
from biasscope.nn.pac.eager import gradients_with_graph
from biasscope.nn.pac.geometry import Window

_CHUNK = 1 << 18
"""Elements handled at a time, so that the difference of one tap stays in cache."""


@dataclass(frozen=True)
class Distance:
    """What is summed: every tap of the window, signed or rectified, over all channels or per channel."""

    window: Window
    asymmetric: bool = False
    channel_wise: bool = False

    def pad(self, features: Tensor) -> Tensor:
        """Repeat the border."""
        return self.window.pad(features, "replicate")

    def centres(self, padded: Tensor, smooth: Tensor | None) -> Tensor:
        """Give the features in the centre of every window, from a smoothed map if there is one."""
        return self.window.centre_tap(padded if smooth is None else self.pad(smooth))

    def plain(self, features: Tensor, smooth: Tensor | None = None) -> Tensor:
        """Compute (N, 1 or D, taps, H_out, W_out) with differentiable operations."""
        padded = self.pad(features)
        centre = self.centres(padded, smooth)
        planes = []
        for tap in self.window.taps(padded):
            difference = (tap - centre).relu() if self.asymmetric else tap - centre
            square = difference.square()
            planes.append(square if self.channel_wise else square.sum(1, keepdim=True))
        return torch.stack(planes, 2)


def _chunks(centre: Tensor) -> list[slice]:
    """Slices of the batch whose maps fit the cache."""
    step = max(1, _CHUNK // max(1, centre.shape[1:].numel()))
    return [slice(n, n + step) for n in range(0, len(centre), step)]


class _SquaredDistance(torch.autograd.Function):
    """`Distance.plain` without keeping one difference per tap for the backward pass."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, smooth: Tensor | None, distance: Distance) -> Tensor:
        ctx.save_for_backward(features, smooth)
        ctx.distance = distance
        padded = distance.pad(features)
        centre = distance.centres(padded, smooth)
        n, d, height, width = centre.shape
        taps = distance.window.sides[0] * distance.window.sides[1]
        out = centre.new_empty(n, d if distance.channel_wise else 1, taps, height, width)
        for part in _chunks(centre):
            buffer = torch.empty_like(centre[part], memory_format=torch.contiguous_format)
            for index, tap in enumerate(distance.window.taps(padded[part])):
                torch.sub(tap, centre[part], out=buffer)
                if distance.asymmetric:
                    buffer.relu_()
                if distance.channel_wise:
                    torch.square(buffer, out=out[part, :, index])
                else:
                    torch.sum(buffer.square_(), 1, out=out[part, 0, index])
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        features, smooth = ctx.saved_tensors
        wanted = ctx.needs_input_grad[:2]
        if torch.is_grad_enabled():
            inputs = [x for x in (features, smooth) if x is not None]
            found = gradients_with_graph(ctx.distance.plain, inputs, wanted[: len(inputs)], grad)
            return (*found, None, None)[:3]
        return (*_gradients(features, smooth, ctx.distance, grad), None)


def _gradients(
    features: Tensor, smooth: Tensor | None, distance: Distance, grad: Tensor
) -> tuple[Tensor, Tensor | None]:
    """Gradients of the features and of the smoothed map, one buffer for all taps."""
    padded = distance.pad(features)
    centre = distance.centres(padded, smooth)
    grad_padded = torch.zeros_like(padded)
    grad_smooth = None if smooth is None else torch.zeros_like(padded)
    grad_centre = distance.window.centre_tap(grad_padded if grad_smooth is None else grad_smooth)
    for part in _chunks(centre):
        buffer = torch.empty_like(centre[part], memory_format=torch.contiguous_format)
        taps = zip(distance.window.taps(padded[part]), distance.window.taps(grad_padded[part]), strict=True)
        for index, (tap, grad_tap) in enumerate(taps):
            torch.sub(tap, centre[part], out=buffer)
            if distance.asymmetric:
                buffer.relu_()
            buffer.mul_(grad[part, :, index])
            grad_tap.add_(buffer, alpha=2)
            grad_centre[part].sub_(buffer, alpha=2)
    fold = partial(_fold_border, window=distance.window)
    return fold(grad_padded), None if grad_smooth is None else fold(grad_smooth)


def _fold_border(grad_padded: Tensor, window: Window) -> Tensor:
    """Add the gradient of a repeated border to the pixels that were repeated."""
    for axis in (0, 1):
        before, after, dim = window.before[axis], window.after[axis], 2 + axis
        size = grad_padded.shape[dim] - before - after
        inner = grad_padded.narrow(dim, before, size)
        if before:
            inner.narrow(dim, 0, 1).add_(grad_padded.narrow(dim, 0, before).sum(dim, keepdim=True))
        if after:
            inner.narrow(dim, size - 1, 1).add_(grad_padded.narrow(dim, before + size, after).sum(dim, keepdim=True))
        grad_padded = inner
    return grad_padded


def squared_distance(features: Tensor, smooth: Tensor | None, distance: Distance) -> Tensor:
    """Compute (N, 1 or D, taps, H_out, W_out) on the way that fits the moment."""
    if may_use_autograd_function():
        out: Tensor = _SquaredDistance.apply(features, smooth, distance)
        return out
    return distance.plain(features, smooth)
