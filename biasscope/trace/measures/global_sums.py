"""Nonshiftability: how often a map's global sum strays from its mean over shifts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.core.randomness import generator
from biasscope.trace.chunk import Chunk
from biasscope.trace.errors.sums import wide
from biasscope.trace.estimate import Estimate, ImageMeans
from biasscope.trace.layer import Layer
from biasscope.trace.measures.measure import OverSums
from biasscope.trace.reading import Reading
from biasscope.trace.shifts import Plan

THRESHOLD, MAPS = 0.2, 32
PART = 32
"""Shifts that are compared with their mean at a time."""


def nonshiftability(activations: Tensor, threshold: float = THRESHOLD) -> Tensor:
    """Share of shifts at which the global sum of a map deviates from its mean over shifts by more than a share of it.

    Parameters
    ----------
    activations
        Responses to S shifts of one picture, (S, C, H, W).
    threshold
        Share of the mean.

    Returns
    -------
        One value a map, (C,); NaN for a dead map, whose sum is 0 at every shift, and where a sum is not finite.

    Notes
    -----
    0 = shiftable. Deviations that the arithmetic alone explains (1e-5 of the sum of absolute values; one unit in the
    last place of half precision) count as none. Source: Azulay and Weiss, JMLR 20(184), 2019.

    Examples
    --------
    >>> maps = torch.zeros(4, 1, 2, 2)
    >>> maps[:, 0, 0, 0] = torch.tensor([1.0, 1.0, 1.0, 2.0])
    >>> nonshiftability(maps).tolist()
    [0.25]
    """
    sums = activations.sum((-2, -1), dtype=wide(activations.dtype))
    return outside(sums, noise(activations[0]), threshold)


def noise(reference: Tensor) -> Tensor:
    """What the arithmetic may change in the global sums of maps (..., H, W)."""
    share = max(1e-5 if reference.dtype != torch.float64 else 1e-12, torch.finfo(reference.dtype).eps)
    return share * reference.abs().sum((-2, -1), dtype=wide(reference.dtype))


def outside(sums: Tensor, floor: Tensor, threshold: float) -> Tensor:
    """Share of shifts outside the band, from global sums (..., S, C) and their noise (..., C)."""
    mean = sums.mean(-2, keepdim=True)
    band = (threshold * mean.abs()).maximum(floor[..., None, :])
    count = sums.new_zeros(mean[..., 0, :].shape)
    most = torch.zeros_like(count)
    for part in torch.split(sums, PART, -2):  # so that memory beside the sums themselves does not grow with the shifts
        deviation = (part - mean).abs_()
        count += (deviation > band).sum(-2)
        most = most.maximum(deviation.amax(-2))
    dead = (mean[..., 0, :] == 0) & (most == 0)
    return torch.where(dead | ~most.isfinite(), torch.nan, count / sums.shape[-2])


def chosen_maps(channels: int, maps: int | None, picture: int, seed: int = 0) -> NDArray[np.int64]:
    """Maps of a layer that are looked at for a picture: at random, and others for the next picture.

    >>> len(set(chosen_maps(512, 64, 0)) | set(chosen_maps(512, 64, 1)))
    128
    """
    if maps is None or maps >= channels:
        return np.arange(channels)
    return _order(channels, seed)[(picture * maps + np.arange(maps)) % channels]


@cache
def _order(channels: int, seed: int) -> NDArray[np.int64]:
    return generator(seed, "maps", str(channels)).permutation(channels).astype(np.int64)


class Nonshiftability(OverSums):
    """`nonshiftability`, averaged over the maps of a picture that are not dead, then over pictures.

    Parameters
    ----------
    threshold
        Share of the mean.
    maps
        How many maps of a layer are looked at for a picture, at random; ``None`` for all. Their sums are kept until
        every shift of a picture was seen, since they are compared with their mean: four bytes a map and shift, 1.7 MiB
        for 59 layers with 32 maps each over 225 shifts.
    """

    def __init__(
        self, layers: Sequence[Layer], plan: Plan, *, threshold: float = THRESHOLD, maps: int | None = MAPS
    ) -> None:
        super().__init__(layers, plan)
        if threshold <= 0 or (maps is not None and maps < 1):
            raise UsageError(f"nonshiftability takes a positive threshold and number of maps, not {threshold}, {maps}")
        self._threshold, self._maps = threshold, maps
        self._widths = [layer.channels if maps is None else min(maps, layer.channels) for layer in layers]
        self._starts = np.cumsum([0, *(layer.channels for layer in layers)])
        self._means = ImageMeans(0, 1)
        self._floors: dict[int, Tensor] = {}
        self._dead: Tensor | int = 0
        self._known: Tensor | int = 0

    def update(self, number: int, reading: Reading) -> None:
        """Keep the sums, and what the arithmetic may change in those of the reference."""
        super().update(number, reading)
        if reading.chunk.first:
            self._floors[number] = noise(reading.maps[:, 0])

    def chunk_done(self, chunk: Chunk) -> None:
        """Keep the sums of the chosen maps until all shifts were seen."""
        sums = self.all_sums(chunk)
        if chunk.first:
            self._open(chunk, sums)
        sums = sums[:, chunk.fresh].gather(2, self._index[:, None].expand(-1, len(chunk.fresh_views), -1))
        self._kept[:, chunk.fresh_views] = sums

    def _open(self, chunk: Chunk, like: Tensor) -> None:
        rows = [
            np.concatenate(
                [
                    start + chosen_maps(layer.channels, self._maps, number, self.plan.seed)
                    for start, layer in zip(self._starts, self.layers, strict=False)
                ]
            )
            for number in chunk.pictures
        ]
        self._index = torch.as_tensor(np.stack(rows), device=like.device)
        empty = like.new_zeros(len(like), 0)
        floors = [
            self._floors.get(number, like.new_zeros(len(like), layer.channels)).to(like.dtype)
            for number, layer in enumerate(self.layers)
        ]
        self._floors.clear()
        self._floor = torch.cat([empty, *floors], 1).gather(1, self._index)
        self._kept = like.new_empty(len(like), self.plan.views, self._index.shape[1])

    def finish(self) -> None:
        """Compare with the mean over shifts."""
        shares = outside(self._kept, self._floor, self._threshold)
        alive = shares.isfinite()
        count = self.by_layer(alive.to(shares.dtype), self._widths)
        self._means.add((self.by_layer(shares.nan_to_num(0.0)) / count).T)
        least, most = self._kept.amin(1), self._kept.amax(1)
        self._dead = self._dead + ((least == 0) & (most == 0)).sum(0)
        self._known = self._known + (least.isfinite() & most.isfinite()).sum(0)

    def estimates(self) -> list[Estimate]:
        """Means over pictures."""
        return self._means.estimates()

    def note(self, number: int) -> str:
        """Count dead maps among those that have sums; a layer that was not called has none, and none are dead."""
        assert isinstance(self._dead, Tensor)  # noqa: S101 (pictures were seen)
        assert isinstance(self._known, Tensor)  # noqa: S101 (likewise)
        start = sum(self._widths[:number])
        dead, known = (int(part[start : start + self._widths[number]].sum()) for part in (self._dead, self._known))
        return f"{dead} of {known} maps dead, left out" if dead else ""
