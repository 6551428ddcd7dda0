"""Squared feature distance between the centre of a window and each of its taps."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from biasscope.nn.pac.eager import gradients_with_graph, may_use_autograd_function
from biasscope.nn.pac.geometry import Window

_CHUNK = 1 << 18
"""Elements handled at a time, so that the difference of one tap stays in cache."""


@dataclass(frozen=True)
class Distance:
    """What is summed: every tap of the window, signed or rectified, over all channels or per channel."""

    window: Window
    asymmetric: bool = False
    channel_wise: bool = False

    def plain(self, padded: Tensor, centre: Tensor) -> Tensor:
        """Compute (N, 1 or D, taps, H_out, W_out) with differentiable operations."""
        planes = []
        for tap in self.window.taps(padded):
            difference = (tap - centre).relu() if self.asymmetric else tap - centre
            square = difference.square()
            planes.append(square if self.channel_wise else square.sum(1, keepdim=True))
        return torch.stack(planes, 2)


def _chunks(centre: Tensor) -> list[slice]:
    """Slices of the batch whose maps fit the cache."""
    step = max(1, _CHUNK // max(1, centre[0].numel()))
    return [slice(n, n + step) for n in range(0, len(centre), step)]


class _SquaredDistance(torch.autograd.Function):
    """`Distance.plain` without keeping one difference per tap for the backward pass."""

    @staticmethod
    def forward(ctx: Any, padded: Tensor, centre: Tensor, distance: Distance) -> Tensor:
        ctx.save_for_backward(padded, centre)
        ctx.distance = distance
        n, d, height, width = centre.shape
        taps = distance.window.sides[0] * distance.window.sides[1]
        out = centre.new_empty(n, d if distance.channel_wise else 1, taps, height, width)
        for part in _chunks(centre):
            buffer = torch.empty_like(centre[part])
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
        padded, centre = ctx.saved_tensors
        if torch.is_grad_enabled():
            wanted = ctx.needs_input_grad[:2]
            return (*gradients_with_graph(ctx.distance.plain, (padded, centre), wanted, grad), None)
        return (*_gradients(padded, centre, ctx.distance, grad), None)


def _gradients(padded: Tensor, centre: Tensor, distance: Distance, grad: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of the padded features and of the centres, one buffer for all taps."""
    grad_padded, grad_centre = torch.zeros_like(padded), torch.zeros_like(centre)
    for part in _chunks(centre):
        buffer = torch.empty_like(centre[part])
        taps = zip(distance.window.taps(padded[part]), distance.window.taps(grad_padded[part]), strict=True)
        for index, (tap, grad_tap) in enumerate(taps):
            torch.sub(tap, centre[part], out=buffer)
            if distance.asymmetric:
                buffer.relu_()
            buffer.mul_(grad[part, :, index])
            grad_tap.add_(buffer, alpha=2)
            grad_centre[part].sub_(buffer, alpha=2)
    return grad_padded, grad_centre


def squared_distance(padded: Tensor, centre: Tensor, distance: Distance) -> Tensor:
    """Compute (N, 1 or D, taps, H_out, W_out) on the way that fits the moment."""
    if may_use_autograd_function():
        out: Tensor = _SquaredDistance.apply(padded, centre, distance)
        return out
    return distance.plain(padded, centre)
