"""How a pixel-adaptive convolution is cut into tiles: patches are built, multiplied and thrown away while in cache."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from biasscope.nn.pac import gemm
from biasscope.nn.pac.geometry import Window
from biasscope.nn.pac.workspace import scratch

CPU_TILE_BYTES = 7_000_000
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

    def rows_of(self, tile: Tile) -> Tensor:
        """Take as many rows of the buffer as the tile needs, rounded up."""
        pixels = (tile.images.stop - tile.images.start) * (tile.rows.stop - tile.rows.start) * self.size[1]
        return self.buffer[: -(-pixels // gemm.BATCH) * gemm.BATCH]

    def as_patches(self, rows: Tensor, view: Tensor) -> Tensor:
        """View rows of the buffer in the shape of the patches."""
        return rows[: view.shape[0] * view.shape[1] * view.shape[2]].view(view.shape)


def scales_of(planes: Tensor, tile: Tile, sides: tuple[int, int]) -> Tensor:
    """Kernel (N or 1, H_out, W_out, taps) for a tile: (images, rows, W_out, 1, k_h, k_w, 1)."""
    part = (planes[tile.images] if planes.shape[0] > 1 else planes)[:, tile.rows]
    return part.view(*part.shape[:3], 1, *sides, 1)


def flat_filters(weight: Tensor) -> Tensor:
    """Bring filters (O, C / G, k_h, k_w) into the order of the patches: (O, k_h k_w C / G)."""
    return weight.permute(0, 2, 3, 1).flatten(1)


def channel_parts(padded: Tensor, window: Window, groups: int) -> int:
    """Into how many parts the input channels are cut so that a tile of full size keeps the budget."""
    n, height, width, c = padded.shape
    size = window.unpadded().output_size(height, width)
    pixels = min(n * size[0] * size[1], CPU_TILE_PIXELS[1])
    parts, patch = 1, c * window.sides[0] * window.sides[1] * padded.element_size()
    while groups == 1 and pixels * patch > parts * CPU_TILE_BYTES and c % (2 * parts) == 0 and c // (2 * parts) >= 64:
        parts *= 2
    return parts
