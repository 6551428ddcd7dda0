"""What one layer gave for one chunk; what several measures need is worked out once."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from biasscope.models.outputs import scores, tensors
from biasscope.trace.chunk import Chunk
from biasscope.trace.errors.aligned import aligned_errors
from biasscope.trace.errors.between import fourier_errors
from biasscope.trace.errors.sums import Errors, wide
from biasscope.trace.layer import Layer
from biasscope.trace.shifts import Geometry

SMALL = 32
"""Positions up to which a product is quicker than a sum."""


class Reading:
    """Maps of one layer for a chunk of P pictures and V views.

    Attributes
    ----------
    layer, chunk
        Which layer, and which views of which pictures.
    maps
        (P, V, C, H, W), the reference first; without what fills the batch up.
    geometry
        How far each view of the chunk moves the maps.
    axis, tangent
        In a pass for derivatives: along which axis the picture moves, and how the maps change with it.
    """

    def __init__(
        self, layer: Layer, chunk: Chunk, output: Tensor, inputs: Any, geometry: Geometry, *, wraps: bool = True,
        axis: int | None = None,
    ) -> None:  # fmt: skip
        self.layer, self.chunk, self.geometry, self.wraps = layer, chunk, geometry, wraps
        self.axis, self._inputs = axis or 0, inputs
        self._errors: dict[tuple[bool, float], Errors] = {}
        self.tangent: Tensor | None = None
        if axis is not None:
            output, tangent = forward_ad.unpack_dual(output)  # type: ignore[no-untyped-call]
            self.tangent = None if tangent is None else self._valid(layer.maps(tangent))
        self.maps = self._valid(layer.maps(output))

    def _valid(self, maps: Tensor) -> Tensor:
        chunk = self.chunk
        split = maps.view(*chunk.room, *maps.shape[1:])
        return split if chunk.full else split[: len(chunk.pictures), : len(chunk.views)]

    @cached_property
    def sums(self) -> Tensor:
        """Global sum of every map, (P, V, C), in at least single precision."""
        return global_sums(self.maps)

    @cached_property
    def incoming(self) -> Tensor:
        """What the layer read: the first stack of maps of every reference, (P, C, H, W)."""
        first = next(tensor for tensor in tensors(self._inputs) if tensor.dim() == 4)
        return self._valid(first)[:, 0]

    def errors(self, between: bool, margin: float) -> Errors:
        """Errors of the views that move the maps by whole positions, or of the others (moved in the Fourier domain)."""
        key, geometry = (between, margin), self.geometry
        if key not in self._errors:
            places, moves = geometry.between, geometry.moves[geometry.between]
            self._errors[key] = (
                fourier_errors(self.maps, places, moves, margin)
                if between
                else aligned_errors(self.maps, geometry.exact, geometry.shifts, self.wraps, geometry.runs, margin)
            )
        return self._errors[key]


def global_sums(maps: Tensor) -> Tensor:
    """Sum over the positions of maps (..., H, W), in single precision at least."""
    kind, positions = wide(maps.dtype), maps.shape[-1] * maps.shape[-2]
    if positions <= SMALL and maps.dtype == kind and maps.is_contiguous():  # a reduction is slow over short rows
        ones = maps.new_ones(positions)
        return torch.mv(maps.view(-1, positions), ones).view(maps.shape[:-2])
    return maps.sum((-2, -1), dtype=kind)


def not_finite(output: Any, chunk: Chunk) -> list[Tensor]:
    """Of which pictures of a chunk some class score is NaN or infinite; nothing where the output holds no class scores.

    Masked classes (-inf) have probabilities beside others, so they do not count.
    """
    found, rows = scores(output), chunk.room[0] * chunk.room[1]
    if found is None or not found.is_floating_point() or found.dim() != 2 or len(found) != rows or not found.shape[1]:
        return []
    return [~found.detach().amax(1).isfinite().view(chunk.room).any(1)]
