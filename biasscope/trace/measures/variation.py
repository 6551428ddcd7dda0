"""The form of nonshiftability that needs no threshold: how much global sums vary with the shift."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from biasscope.trace.chunk import Chunk
from biasscope.trace.errors.sums import wide
from biasscope.trace.estimate import Estimate, ImageMeans
from biasscope.trace.layer import Layer
from biasscope.trace.measures.measure import OverSums
from biasscope.trace.shifts import Plan


def sum_variation(activations: Tensor) -> float:
    """Coefficient of variation of the global sums over shifts, all maps of a layer together.

    Parameters
    ----------
    activations
        Responses to S shifts of one picture, (S, C, H, W).

    Returns
    -------
        Root of the sum over maps of the variance over shifts, divided by the root of the sum of squared means; for a
        single map its standard deviation by its mean. NaN if everything is 0. Maps whose sums happen to cancel
        therefore weigh little, where a mean of ratios would be theirs alone.

    Examples
    --------
    >>> maps = torch.ones(2, 1, 1, 1)
    >>> maps[1] = 3
    >>> sum_variation(maps)
    0.5
    """
    sums = activations.sum((-2, -1), dtype=wide(activations.dtype)).double()
    return float(_ratio(sums.var(0, unbiased=False).sum(), sums.mean(0).square().sum()))


def _ratio(variance: Tensor, square: Tensor) -> Tensor:
    return torch.where(square > 0, (variance / square).sqrt(), torch.nan)


class SumVariation(OverSums):
    """`sum_variation` of every picture, averaged; sums are centred on the reference before they are squared."""

    def __init__(self, layers: Sequence[Layer], plan: Plan) -> None:
        super().__init__(layers, plan)
        self._means = ImageMeans(0)

    def chunk_done(self, chunk: Chunk) -> None:
        """Add up differences to the reference and their squares, (P, all C)."""
        sums = self.all_sums(chunk)
        if chunk.first:
            self._first = sums[:, :1].clone()
            self._total = self._squares = self._first.new_zeros((), dtype=torch.float64)
        centred = sums[:, chunk.fresh] - self._first
        self._total = self._total + centred.sum(1, dtype=torch.float64)
        self._squares = self._squares + centred.square_().sum(1, dtype=torch.float64)

    def finish(self) -> None:
        """Turn the sums of a picture into its value at every layer."""
        offset = self._total / self.plan.views
        variance = (self._squares / self.plan.views - offset.square()).clamp_min(0)
        mean = self._first[:, 0] + offset
        self._means.add(_ratio(self.by_layer(variance), self.by_layer(mean.square())).T)

    def estimates(self) -> list[Estimate]:
        """Means over pictures."""
        return self._means.estimates()
