"""What one layer gave for one chunk; what several measures need is worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import forward_ad

from biasscope.trace.chunk import Chunk
from biasscope.trace.fourier import fourier_shift
from biasscope.trace.layer import Layer
from biasscope.trace.shifts import Geometry
from biasscope.trace.watch import tensors


class Errors(NamedTuple):
    """Sums of squares over a stack of maps, each (P, k): of the difference, the response, the moved reference."""

    difference: Tensor
    response: Tensor
    reference: Tensor


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
        self.tangent: Tensor | None = None
        if axis is not None:
            output, tangent = forward_ad.unpack_dual(output)  # type: ignore[no-untyped-call]
            self.tangent = None if tangent is None else self._valid(layer.maps(tangent))
        self.maps = self._valid(layer.maps(output))

    def _valid(self, maps: Tensor) -> Tensor:
        split = maps.view(*self.chunk.room, *maps.shape[1:])
        return split[: len(self.chunk.pictures), : len(self.chunk.views)]

    @cached_property
    def sums(self) -> Tensor:
        """Global sum of every map, (P, V, C), in at least single precision."""
        return self.maps.sum((-2, -1), dtype=wide(self.maps.dtype))

    @cached_property
    def incoming(self) -> Tensor:
        """What the layer read: the first stack of maps of every reference, (P, C, H, W)."""
        first = next(tensor for tensor in tensors(self._inputs) if tensor.dim() == 4)
        return self._valid(first)[:, 0]

    @cached_property
    def aligned(self) -> Errors:
        """Errors of the views that move the maps by whole positions."""
        places = self.geometry.exact
        shifts = [(round(y), round(x)) for y, x in self.geometry.moves[places].tolist()]
        return aligned_errors(self.maps, places, shifts, self.wraps)

    @cached_property
    def interpolated(self) -> Errors:
        """Errors of the others, against the reference moved in the Fourier domain."""
        places = self.geometry.between
        return fourier_errors(self.maps, places, self.geometry.moves[places])


def wide(dtype: torch.dtype) -> torch.dtype:
    """Type that sums are kept in."""
    return torch.float64 if dtype == torch.float64 else torch.float32


def aligned_errors(
    maps: Tensor, places: Sequence[int], shifts: Sequence[tuple[int, int]], wraps: bool = True
) -> Errors:
    """Squared errors of responses against their reference moved by whole positions.

    Parameters
    ----------
    maps
        (P, V, C, H, W), the reference at place 0.
    places
        Which of the V places to compare, k of them.
    shifts
        By how many positions (down, right) the reference is moved for each.
    wraps
        Whether it is rolled around; otherwise only what both cover is compared.
    """
    pairs = _rolled(maps, places, shifts) if wraps else _overlapping(maps, places, shifts)
    if not wraps:
        return _collected(maps, len(places), [(a - r, a, r) for a, r in pairs])
    return _against_rolled(maps, len(places), pairs)


def _rolled(maps: Tensor, places: Sequence[int], shifts: Sequence[tuple[int, int]]) -> list[tuple[Tensor, Tensor]]:
    """Response and moved reference, each (C, H, W), picture after picture: windows of the reference laid twice."""
    height, width = maps.shape[-2:]
    reference = maps[:, 0]
    down = any(y % height for y, _ in shifts)
    right = any(x % width for _, x in shifts)
    tiled = torch.cat([reference, reference], -2) if down else reference
    tiled = torch.cat([tiled, tiled], -1) if right else tiled
    starts = [((-y) % height, (-x) % width) for y, x in shifts]
    return [
        (maps[picture, place], tiled[picture, :, top : top + height, left : left + width])
        for picture in range(len(maps))
        for place, (top, left) in zip(places, starts, strict=True)
    ]


def _overlapping(maps: Tensor, places: Sequence[int], shifts: Sequence[tuple[int, int]]) -> list[tuple[Tensor, Tensor]]:
    """Response and reference where both show the same content."""
    height, width = maps.shape[-2:]
    pairs = []
    for picture in range(len(maps)):
        for place, (y, x) in zip(places, shifts, strict=True):
            moved = maps[picture, place, :, max(y, 0) : height + min(y, 0), max(x, 0) : width + min(x, 0)]
            fixed = maps[picture, 0, :, max(-y, 0) : height - max(y, 0), max(-x, 0) : width - max(x, 0)]
            pairs.append((moved, fixed))
    return pairs


def _against_rolled(maps: Tensor, count: int, pairs: Sequence[tuple[Tensor, Tensor]]) -> Errors:
    """Errors where the moved reference has the energy of the reference."""
    kind = wide(maps.dtype)
    shape = (len(maps), count)
    if not pairs:
        empty = maps.new_zeros(shape, dtype=kind)
        return Errors(empty, empty, empty)
    buffer = torch.empty(maps.shape[2:], dtype=kind, device=maps.device)
    flat = buffer.view(-1)
    differences, responses = [], []
    for response, moved in pairs:
        torch.sub(response, moved, out=buffer)
        differences.append(torch.dot(flat, flat))
        responses.append(_energy(response, buffer))
    own = torch.stack([_energy(reference, buffer) for reference in maps[:, 0]])
    return Errors(torch.stack(differences).view(shape), torch.stack(responses).view(shape), own[:, None].expand(shape))


def _energy(maps: Tensor, buffer: Tensor) -> Tensor:
    """Sum of squares of (C, H, W), in the type of the buffer, which is overwritten if it is needed."""
    if maps.dtype == buffer.dtype and maps.is_contiguous():
        flat = maps.view(-1)
        return torch.dot(flat, flat)
    buffer.copy_(maps)
    flat = buffer.view(-1)
    return torch.dot(flat, flat)


def _collected(maps: Tensor, count: int, triples: Sequence[tuple[Tensor, Tensor, Tensor]]) -> Errors:
    kind, shape = wide(maps.dtype), (len(maps), count)
    if not triples:
        empty = maps.new_zeros(shape, dtype=kind)
        return Errors(empty, empty, empty)
    columns = zip(*triples, strict=True)
    return Errors(*(torch.stack([part.to(kind).square().sum() for part in column]).view(shape) for column in columns))


def fourier_errors(maps: Tensor, places: Sequence[int], shifts: NDArray[np.float64]) -> Errors:
    """Squared errors of responses against their reference moved by fractions of a position, around the edges.

    As `aligned_errors`, with ``shifts`` (k, 2) that need not be whole.
    """
    kind = wide(maps.dtype)
    reference = maps[:, 0].to(kind)
    triples = []
    for picture in reference if len(places) else ():
        for y, x in shifts.tolist():
            triples.append(fourier_shift(picture, (y, x)))
    responses = [maps[picture, place].to(kind) for picture in range(len(maps)) for place in places]
    return _collected(
        maps, len(places), [(one - other, one, other) for one, other in zip(responses, triples, strict=True)]
    )
