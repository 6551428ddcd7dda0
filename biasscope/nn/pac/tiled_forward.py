"""Forward pass of the tiled pixel-adaptive convolution, on raw channels-last arrays outside of autograd."""

import torch
import torch.nn.functional as F
from torch import Tensor

from biasscope.nn.pac import gemm
from biasscope.nn.pac.geometry import Window
from biasscope.nn.pac.tiling import Tiling, channel_parts, flat_filters, scales_of


def tiled_forward(
    padded: Tensor, kernel: Tensor, weight: Tensor, bias: Tensor | None, window: Window, groups: int
) -> Tensor:
    """Convolve a padded (N, H', W', C) array by a kernel (N or 1, H_out, W_out, taps): (N, H_out, W_out, O)."""
    if gemm.through_onednn(padded) and window.sides != (1, 1):
        return _forward_by_channels(padded, kernel, weight, bias, window, groups)
    tiling, filters = Tiling.of(padded, window, groups), flat_filters(weight)
    out = padded.new_empty(padded.shape[0], *tiling.size, weight.shape[0])
    for tile in tiling:
        view = tiling.view(tile)
        rows = tiling.rows_of(tile)
        torch.mul(view, scales_of(kernel, tile, window.sides), out=tiling.as_patches(rows, view))
        product = gemm.times_filter(rows, filters, bias, groups)
        target = out[tile.images, tile.rows]
        target.copy_(product[: target.shape[:3].numel()].view(target.shape))
    return out


def _forward_by_channels(
    padded: Tensor, kernel: Tensor, weight: Tensor, bias: Tensor | None, window: Window, groups: int
) -> Tensor:
    """Add up the outputs of parts of the channels: every filter is packed once, which costs more than the sum."""
    parts = channel_parts(padded, window, groups)
    if parts == 1:
        return _exploded_forward(padded, kernel, weight, bias, window, groups)
    pieces = zip(padded.chunk(parts, 3), weight.chunk(parts, 1), strict=True)
    some, filters = next(pieces)
    out = _exploded_forward(some.contiguous(), kernel, filters.contiguous(), bias, window, 1)
    for some, filters in pieces:
        out += _exploded_forward(some.contiguous(), kernel, filters.contiguous(), None, window, 1)
    return out


def _exploded_forward(
    padded: Tensor, kernel: Tensor, weight: Tensor, bias: Tensor | None, window: Window, groups: int
) -> Tensor:
    """Lay the patches side by side as one image and convolve it at a stride of the window's sides.

    The filters are taken as they are, which saves the copy into the order of the patches; only where many tiles
    would have them packed many times is a copy made.
    """
    tiling = Tiling.of(padded, window, 1)
    tiles = list(tiling)
    if len(tiles) > 2:
        weight = weight.contiguous(memory_format=torch.channels_last)
    out = padded.new_empty(padded.shape[0], *tiling.size, weight.shape[0])
    for tile in tiles:
        view = tiling.view(tile).squeeze(3).permute(0, 1, 3, 2, 4, 5)
        scales = scales_of(kernel, tile, window.sides).squeeze(3).permute(0, 1, 3, 2, 4, 5)
        patches = tiling.buffer.flatten()[: view.numel()].view(view.shape)
        torch.mul(view, scales, out=patches)
        images, rows, _, width, _, c = view.shape
        exploded = patches.view(images, rows * window.sides[0], width * window.sides[1], c).permute(0, 3, 1, 2)
        product = F.conv2d(exploded, weight, bias, stride=window.sides, groups=groups)
        out[tile.images, tile.rows] = product.permute(0, 2, 3, 1)
    return out
