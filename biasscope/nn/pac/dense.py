"""Filtering with a pixel-adaptive kernel in plain tensor operations, differentiable to any order."""

from torch import Tensor
from torch.nn import functional as F

from biasscope.nn.pac.geometry import Window


def dense_conv(x: Tensor, kernel: Tensor, weight: Tensor, bias: Tensor | None, window: Window, groups: int) -> Tensor:
    """Multiply unfolded patches (N, C taps, pixels) by the kernel, then by the filter (O, C / groups, k_h, k_w).

    ``kernel`` is (N or 1, taps, H_out, W_out).
    """
    padded = window.pad(x)
    n, c = padded.shape[:2]
    height, width = kernel.shape[2:]
    patches = F.unfold(padded, window.sides, window.dilation, 0, window.stride)
    taps, pixels = window.sides[0] * window.sides[1], height * width
    patches = patches.view(n, c, taps, pixels) * kernel.flatten(2)[:, None]
    out = weight.reshape(groups, weight.shape[0] // groups, -1) @ patches.view(n, groups, c // groups * taps, pixels)
    out = out.reshape(n, weight.shape[0], height, width)
    return out if bias is None else out + bias.view(-1, 1, 1)


def dense_pool(x: Tensor, kernel: Tensor, window: Window) -> Tensor:
    """Sum the taps, each times its kernel plane; ``kernel`` is (N or 1, 1 or C, taps, H_out, W_out)."""
    terms = [tap * kernel[:, :, index] for index, tap in enumerate(window.taps(window.pad(x)))]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
