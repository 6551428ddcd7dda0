"""Fast change between (N, C, H, W) in either memory layout and padded channels-last arrays."""

import torch
from torch import Tensor

from biasscope.nn.pac.geometry import Window


def is_channels_last(x: Tensor) -> bool:
    """Whether the channels of (N, C, H, W) lie side by side in memory."""
    return x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()


def to_nhwc(x: Tensor) -> Tensor:
    """Give (N, H, W, C), contiguous. One 2-d transposition per image is 2.5 times faster than a strided copy."""
    view = x.permute(0, 2, 3, 1)
    if view.is_contiguous() or x.device.type != "cpu":
        return view.contiguous()
    n, c, height, width = x.shape
    out = x.new_empty(n, height * width, c)
    for image, target in zip(x.contiguous().view(n, c, -1), out, strict=True):
        target.copy_(image.t())
    return out.view(n, height, width, c)


def from_nhwc(x: Tensor, channels_last: bool) -> Tensor:
    """Give a contiguous (N, H, W, C) array as (N, C, H, W) in the asked layout."""
    if channels_last or x.device.type != "cpu":
        out = x.permute(0, 3, 1, 2)
        return out if channels_last else out.contiguous()
    n, height, width, c = x.shape
    out = x.new_empty(n, c, height, width)
    for image, target in zip(x.view(n, -1, c), out.view(n, c, -1), strict=True):
        target.copy_(image.t())
    return out


def padded_nhwc(x: Tensor, window: Window) -> Tensor:
    """Pad (N, C, H, W) with zeros (negative amounts crop) into a contiguous (N, H', W', C) array."""
    (top, left), (bottom, right) = window.before, window.after
    inner = to_nhwc(x)
    if not (top or left or bottom or right):
        return inner
    n, height, width, c = inner.shape
    out = x.new_zeros(n, height + top + bottom, width + left + right, c)
    interior(out, window).copy_(interior(inner, window, crop=True))
    return out


def interior(padded: Tensor, window: Window, crop: bool = False) -> Tensor:
    """View the part of the padded (N, H', W', C) array that holds the map, or of the map that survives a crop."""
    sign = -1 if crop else 1
    for axis in (0, 1):
        before, after = max(0, sign * window.before[axis]), max(0, sign * window.after[axis])
        padded = padded.narrow(1 + axis, before, padded.shape[1 + axis] - before - after)
    return padded


def unpadded(padded: Tensor, window: Window, size: tuple[int, int]) -> Tensor:
    """Undo the padding of `padded_nhwc`: (N, H, W, C), zeros where it cropped."""
    inner = interior(padded, window)
    if min(*window.before, *window.after) >= 0:
        return inner.contiguous()
    out = padded.new_zeros(padded.shape[0], *size, padded.shape[3])
    interior(out, window, crop=True).copy_(inner)
    return out
