"""Backward pass of the tiled pixel-adaptive convolution, on raw channels-last arrays outside of autograd."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from biasscope.nn.pac import gemm
from biasscope.nn.pac.geometry import Window
from biasscope.nn.pac.tiling import Tile, Tiling, channel_parts, flat_filters, scales_of


@dataclass
class Gradients:
    """Gradients of one convolution; None where nobody asked."""

    padded: Tensor | None
    kernel: Tensor | None
    weight: Tensor | None


def tiled_backward(
    padded: Tensor,
    kernel: Tensor,
    weight: Tensor,
    grad: Tensor,
    window: Window,
    groups: int,
    wanted: tuple[bool, bool, bool],
) -> Gradients:
    """Gradients of padded array, kernel (N or 1, H_out, W_out, taps) and filters, from that of the output."""
    parts = channel_parts(padded, window, groups) if gemm.through_onednn(padded) else 1
    if parts == 1:
        return _backward(padded, kernel, weight, grad, window, groups, wanted)
    total = Gradients(
        torch.empty_like(padded) if wanted[0] else None,
        torch.zeros_like(kernel) if wanted[1] else None,
        torch.empty_like(weight, memory_format=torch.channels_last) if wanted[2] else None,
    )
    step = padded.shape[3] // parts
    for start in range(0, padded.shape[3], step):
        own = slice(start, start + step)
        some = _backward(padded[..., own].contiguous(), kernel, weight[:, own], grad, window, 1, wanted)
        if total.padded is not None and some.padded is not None:
            total.padded[..., own] = some.padded
        if total.kernel is not None and some.kernel is not None:
            total.kernel += some.kernel
        if total.weight is not None and some.weight is not None:
            total.weight[:, own] = some.weight
    return total


def _backward(
    padded: Tensor,
    kernel: Tensor,
    weight: Tensor,
    grad: Tensor,
    window: Window,
    groups: int,
    wanted: tuple[bool, bool, bool],
) -> Gradients:
    tiling, filters = Tiling.of(padded, window, groups), flat_filters(weight)
    grads = Gradients(
        torch.zeros_like(padded) if wanted[0] else None,
        torch.zeros_like(kernel) if wanted[1] else None,
        None,
    )
    for tile in tiling:
        source = grad[tile.images, tile.rows].flatten(0, 2)
        rows = F.pad(source, (0, 0, 0, -len(source) % gemm.BATCH)) if len(source) % gemm.BATCH else source
        _tile_backward(tiling, tile, kernel, filters, rows, grads, wanted[2])
    if grads.weight is not None:
        shape = (weight.shape[0], *window.sides, weight.shape[1])
        grads.weight = grads.weight.view(shape).permute(0, 3, 1, 2)
    return grads


def _tile_backward(
    tiling: Tiling,
    tile: Tile,
    kernel: Tensor,
    filters: Tensor,
    grad_rows: Tensor,
    grads: Gradients,
    wants_filters: bool,
) -> None:
    view, scales = tiling.view(tile), scales_of(kernel, tile, tiling.window.sides)
    rows = tiling.rows_of(tile)
    patches = tiling.as_patches(rows, view)
    if wants_filters:
        torch.mul(view, scales, out=patches)
        found = gemm.filter_gradient(rows, grad_rows, filters, tiling.groups)
        grads.weight = found if grads.weight is None else grads.weight.add_(found)
    if grads.padded is None and grads.kernel is None:
        return
    grad_patches = tiling.as_patches(gemm.row_gradient(rows, grad_rows, filters, tiling.groups), view)
    if grads.kernel is not None:
        torch.mul(grad_patches, view, out=patches)
        _add_kernel_gradient(grads.kernel, tile, patches)
    if grads.padded is not None:
        _fold(grads.padded, tiling, tile, grad_patches, scales)


def _add_kernel_gradient(grad_kernel: Tensor, tile: Tile, products: Tensor) -> None:
    """Sum products (images, rows, W_out, G, k_h, k_w, C / G) over channels into (N or 1, H_out, W_out, taps)."""
    sums = products.sum((3, 6)).flatten(3)
    if grad_kernel.shape[0] > 1:
        grad_kernel[tile.images, tile.rows] = sums
    else:
        grad_kernel[:, tile.rows] += sums.sum(0, keepdim=True)


def _fold(grad_padded: Tensor, tiling: Tiling, tile: Tile, grad_patches: Tensor, scales: Tensor) -> None:
    """Add every tap of the patches' gradient, times its kernel plane, to the pixel it was read from."""
    view = tiling.view(tile, grad_padded)
    for row in zip(view.unbind(4), grad_patches.unbind(4), scales.unbind(4), strict=True):
        for target, grad, scale in zip(*(part.unbind(4) for part in row), strict=True):
            target.addcmul_(grad, scale)
