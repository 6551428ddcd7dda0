"""Pixel-adaptive convolution tile by tile: patches are built, multiplied and thrown away while in cache.

Everything here works on raw channels-last arrays outside of autograd.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from biasscope.nn.pac import gemm
from biasscope.nn.pac.geometry import Window
from biasscope.nn.pac.workspace import scratch

CPU_TILE_BYTES = 10 << 20
CPU_TILE_PIXELS = (400, 1024)
"""Fewer pixels than the first spend their time on packing the filters, more than the second leave the cache."""
DEVICE_TILE_BYTES = 256 << 20


def _tile_pixels(padded: Tensor, patch: int) -> int:
    """Output pixels of one tile."""
    bytes_each = patch * padded.element_size()
    if padded.device.type != "cpu":
        return max(1, DEVICE_TILE_BYTES // bytes_each)
    return max(CPU_TILE_PIXELS[0], min(CPU_TILE_PIXELS[1], CPU_TILE_BYTES // bytes_each))


def _even_share(total: int, most: int) -> int:
    """Largest part when the total is cut into as few, as equal parts as fit."""
    return -(-total // -(-total // most))


@dataclass(frozen=True)
class Tile:
    """A block of whole rows, or of whole images: slices of the batch and of the output rows."""

    images: slice
    rows: slice


@dataclass
class Tiling:
    """How one convolution is cut into tiles, with the buffer that they share."""

    padded: Tensor
    window: Window
    groups: int
    size: tuple[int, int]
    images: int
    rows: int
    buffer: Tensor

    @classmethod
    def of(cls, padded: Tensor, window: Window, groups: int) -> "Tiling":
        """Choose the largest tile within the budget and allocate it once."""
        n, height, width, c = padded.shape
        size = window.unpadded().output_size(height, width)
        patch = c * window.sides[0] * window.sides[1]
        pixels = _tile_pixels(padded, patch)
        rows = _even_share(size[0], max(1, pixels // size[1]))
        images = _even_share(n, max(1, pixels // (size[0] * size[1]))) if rows == size[0] else 1
        most = -(-images * rows * size[1] // gemm.BATCH) * gemm.BATCH
        buffer = scratch(most, patch, padded)
        buffer[most - gemm.BATCH :].zero_()
        return cls(padded, window, groups, size, images, rows, buffer)

    def __iter__(self) -> Iterator[Tile]:
        """Go through the tiles."""
        for n in range(0, len(self.padded), self.images):
            for top in range(0, self.size[0], self.rows):
                bottom = min(top + self.rows, self.size[0])
                yield Tile(slice(n, min(n + self.images, len(self.padded))), slice(top, bottom))

    def view(self, tile: Tile, array: Tensor | None = None) -> Tensor:
        """View the padded array as overlapping patches (images, rows, W_out, G, k_h, k_w, C / G)."""
        array = self.padded if array is None else array
        _, _, width, c = array.shape
        (down, right), (apart_y, apart_x) = self.window.stride, self.window.dilation
        each = c // self.groups
        shape = (
            tile.images.stop - tile.images.start, tile.rows.stop - tile.rows.start, self.size[1],
            self.groups, *self.window.sides, each,
        )  # fmt: skip
        strides = (array.stride(0), down * width * c, right * c, each, apart_y * width * c, apart_x * c, 1)
        offset = tile.images.start * array.stride(0) + tile.rows.start * down * width * c
        return array.as_strided(shape, strides, array.storage_offset() + offset)

    def rows_of(self, tile: Tile, per_row: int, buffer: Tensor | None = None) -> Tensor:
        """Take as many rows of the buffer as the tile needs, rounded up."""
        pixels = (tile.images.stop - tile.images.start) * (tile.rows.stop - tile.rows.start) * self.size[1]
        buffer = self.buffer if buffer is None else buffer
        return buffer[: -(-pixels // gemm.BATCH) * gemm.BATCH, :per_row]

    def as_patches(self, rows: Tensor, view: Tensor) -> Tensor:
        """View rows of the buffer in the shape of the patches."""
        return rows[: view.shape[0] * view.shape[1] * view.shape[2]].view(view.shape)


def _scales(kernel: Tensor, tile: Tile, sides: tuple[int, int]) -> Tensor:
    """Kernel (N or 1, taps, H_out, W_out) for a tile: (images, rows, W_out, 1, k_h, k_w, 1)."""
    part = kernel[tile.images] if kernel.shape[0] > 1 else kernel
    part = part[:, :, tile.rows].permute(0, 2, 3, 1)
    return part.unfold(3, sides[1], sides[1])[:, :, :, None, ..., None]


def flat_filters(weight: Tensor) -> Tensor:
    """Bring filters (O, C / G, k_h, k_w) into the order of the patches: (O, k_h k_w C / G)."""
    return weight.permute(0, 2, 3, 1).flatten(1)


def forward(padded: Tensor, kernel: Tensor, weight: Tensor, bias: Tensor | None, window: Window, groups: int) -> Tensor:
    """Convolve a padded (N, H', W', C) array: (N, H_out, W_out, O)."""
    if gemm.through_onednn(padded) and window.sides != (1, 1):
        return _forward_by_channels(padded, kernel, weight, bias, window, groups)
    tiling, filters = Tiling.of(padded, window, groups), flat_filters(weight)
    out = padded.new_empty(padded.shape[0], *tiling.size, weight.shape[0])
    for tile in tiling:
        view = tiling.view(tile)
        rows = tiling.rows_of(tile, tiling.buffer.shape[1])
        torch.mul(view, _scales(kernel, tile, window.sides), out=tiling.as_patches(rows, view))
        product = gemm.times_filter(rows, filters, bias, groups)
        target = out[tile.images, tile.rows]
        target.copy_(product[: target.shape[:3].numel()].view(target.shape))
    return out


def _channel_parts(padded: Tensor, window: Window, groups: int) -> int:
    """Into how many parts the input channels are cut so that a tile of full size keeps the budget."""
    n, height, width, c = padded.shape
    size = window.unpadded().output_size(height, width)
    pixels = min(n * size[0] * size[1], CPU_TILE_PIXELS[1])
    parts, patch = 1, c * window.sides[0] * window.sides[1] * padded.element_size()
    while groups == 1 and pixels * patch > parts * CPU_TILE_BYTES and c % (2 * parts) == 0 and c // (2 * parts) >= 64:
        parts *= 2
    return parts


def _forward_by_channels(
    padded: Tensor, kernel: Tensor, weight: Tensor, bias: Tensor | None, window: Window, groups: int
) -> Tensor:
    """Add up the outputs of parts of the channels: every filter is packed once, which costs more than the sum."""
    parts = _channel_parts(padded, window, groups)
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
        scales = _scales(kernel, tile, window.sides).squeeze(3).permute(0, 1, 3, 2, 4, 5)
        patches = tiling.buffer.flatten()[: view.numel()].view(view.shape)
        torch.mul(view, scales, out=patches)
        images, rows, _, width, _, c = view.shape
        exploded = patches.view(images, rows * window.sides[0], width * window.sides[1], c).permute(0, 3, 1, 2)
        product = F.conv2d(exploded, weight, bias, stride=window.sides, groups=groups)
        out[tile.images, tile.rows] = product.permute(0, 2, 3, 1)
    return out


@dataclass
class Gradients:
    """Gradients of one convolution; None where nobody asked."""

    padded: Tensor | None
    kernel: Tensor | None
    weight: Tensor | None


def backward(
    padded: Tensor,
    kernel: Tensor,
    weight: Tensor,
    grad: Tensor,
    window: Window,
    groups: int,
    wanted: tuple[bool, bool, bool],
) -> Gradients:
    """Gradients of the padded array, the kernel and the filters, from the gradient (N, H_out, W_out, O)."""
    tiling, filters = Tiling.of(padded, window, groups), flat_filters(weight)
    back = gemm.transposed(filters, groups)
    grads = Gradients(
        torch.zeros_like(padded) if wanted[0] else None,
        torch.zeros_like(kernel) if wanted[1] else None,
        torch.zeros_like(filters) if wanted[2] else None,
    )
    grad_rows = grad.new_zeros(len(tiling.buffer), grad.shape[3])
    for tile in tiling:
        source = grad[tile.images, tile.rows].flatten(0, 2)
        rows = tiling.rows_of(tile, grad.shape[3], grad_rows)
        rows[: len(source)].copy_(source)
        rows[len(source) :].zero_()
        _tile_backward(tiling, tile, kernel, (filters, back), rows, grads)
    if grads.weight is not None:
        shape = (weight.shape[0], *window.sides, weight.shape[1])
        grads.weight = grads.weight.view(shape).permute(0, 3, 1, 2)
    return grads


def _tile_backward(
    tiling: Tiling, tile: Tile, kernel: Tensor, filters: tuple[Tensor, Tensor], grad_rows: Tensor, grads: Gradients
) -> None:
    view, scales = tiling.view(tile), _scales(kernel, tile, tiling.window.sides)
    rows = tiling.rows_of(tile, tiling.buffer.shape[1])
    patches = tiling.as_patches(rows, view)
    if grads.weight is not None:
        torch.mul(view, scales, out=patches)
        grads.weight += gemm.filter_gradient(rows, grad_rows, filters[0], tiling.groups)
    if grads.padded is None and grads.kernel is None:
        return
    grad_patches = tiling.as_patches(gemm.times_filter(grad_rows, filters[1], None, tiling.groups), view)
    if grads.kernel is not None:
        torch.mul(grad_patches, view, out=patches)
        _add_kernel_gradient(grads.kernel, tile, patches)
    if grads.padded is not None:
        _fold(grads.padded, tiling, tile, grad_patches, scales)


def _add_kernel_gradient(grad_kernel: Tensor, tile: Tile, products: Tensor) -> None:
    """Sum products (images, rows, W_out, G, k_h, k_w, C / G) over channels into (N or 1, taps, H_out, W_out)."""
    sums = products.sum((3, 6)).flatten(3).permute(0, 3, 1, 2)
    if grad_kernel.shape[0] > 1:
        grad_kernel[tile.images, :, tile.rows] += sums
    else:
        grad_kernel[:, :, tile.rows] += sums.sum(0, keepdim=True)


def _fold(grad_padded: Tensor, tiling: Tiling, tile: Tile, grad_patches: Tensor, scales: Tensor) -> None:
    """Add every tap of the patches' gradient, times its kernel plane, to the pixel it was read from."""
    view = tiling.view(tile, grad_padded)
    for row in zip(view.unbind(4), grad_patches.unbind(4), scales.unbind(4), strict=True):
        for target, grad, scale in zip(*(part.unbind(4) for part in row), strict=True):
            target.addcmul_(grad, scale)
