"""Nonshiftability: how often a map's global sum strays from its mean over shifts."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.core.randomness import generator
from biasscope.trace.estimate import Estimate, ImageMean
from biasscope.trace.layer import Layer
from biasscope.trace.measures.measure import Measure
from biasscope.trace.reading import Reading, wide
from biasscope.trace.shifts import Plan

THRESHOLD, MAPS = 0.2, 64


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
        One value a map, (C,); NaN for a dead map, whose sum is 0 at every shift.

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
    deviation = (sums - sums.mean(-2, keepdim=True)).abs()
    band = (threshold * sums.mean(-2).abs()).maximum(floor)
    share = (deviation > band[..., None, :]).to(sums.dtype).mean(-2)
    return torch.where(sums.abs().amax(-2) > 0, share, torch.nan)


def chosen_maps(channels: int, maps: int | None, picture: int, seed: int = 0) -> NDArray[np.int64]:
    """Maps of a layer that are looked at for a picture: at random, and others for the next picture.

    >>> len(set(chosen_maps(512, 64, 0)) | set(chosen_maps(512, 64, 1)))
    128
    """
    if maps is None or maps >= channels:
        return np.arange(channels)
    order = generator(seed, "maps", str(channels)).permutation(channels)
    return order[(picture * maps + np.arange(maps)) % channels].astype(np.int64)


class Nonshiftability(Measure):
    """`nonshiftability`, averaged over the maps of a picture that are not dead, then over pictures.

    Parameters
    ----------
    threshold
        Share of the mean.
    maps
        How many maps of a layer are looked at for a picture, at random; ``None`` for all, in memory that grows with
        the number of shifts.
    """

    def __init__(self, layer: Layer, plan: Plan, *, threshold: float = THRESHOLD, maps: int | None = MAPS) -> None:
        super().__init__(layer, plan)
        if threshold <= 0 or (maps is not None and maps < 1):
            raise UsageError(f"nonshiftability takes a positive threshold and number of maps, not {threshold}, {maps}")
        self._threshold, self._maps = threshold, maps
        self._mean = ImageMean(0, 1)
        self._dead: Tensor | int = 0
        self._looked = 0

    def update(self, reading: Reading) -> None:
        """Keep the sums of the chosen maps until all shifts were seen."""
        if reading.chunk.first:
            self._open(reading)
        chunk, sums = reading.chunk, reading.sums
        sums = sums if self._index is None else sums.gather(2, self._index[:, None].expand(-1, sums.shape[1], -1))
        self._sums[:, chunk.fresh_views] = sums[:, chunk.fresh]

    def _open(self, reading: Reading) -> None:
        floor, channels, plan = noise(reading.maps[:, 0]), self.layer.channels, self.plan
        self._index = None
        if self._maps is not None and self._maps < channels:
            rows = [chosen_maps(channels, self._maps, number, plan.seed) for number in reading.chunk.pictures]
            self._index = torch.as_tensor(np.stack(rows), device=floor.device)
            floor = floor.gather(1, self._index)
        self._floor = floor
        self._sums = floor.new_empty(len(floor), plan.views, floor.shape[1])

    def finish(self) -> None:
        """Compare with the mean over shifts."""
        shares = outside(self._sums, self._floor, self._threshold)
        self._mean.add(shares.nanmean(1))
        self._dead = self._dead + shares.isnan().sum()
        self._looked += shares.numel()

    def estimate(self) -> Estimate:
        """Value; dead maps are counted in the notes."""
        if dead := int(self._dead):
            self.notes.append(f"{dead} of {self._looked} maps dead, left out")
        return self._mean.estimate()
