"""The form of nonshiftability that needs no threshold: how much global sums vary with the shift."""

from __future__ import annotations

import torch
from torch import Tensor

from biasscope.trace.estimate import Estimate, ImageMean
from biasscope.trace.layer import Layer
from biasscope.trace.measures.measure import Measure
from biasscope.trace.reading import Reading, wide
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
    return float(_ratio(sums.var(0, unbiased=False), sums.mean(0)))


def _ratio(variance: Tensor, mean: Tensor) -> Tensor:
    above, below = variance.clamp_min(0).sum(-1).sqrt(), mean.square().sum(-1).sqrt()
    return torch.where(below > 0, above / below, torch.nan)


class SumVariation(Measure):
    """`sum_variation` of every picture, averaged; sums are centred on the reference before they are squared."""

    def __init__(self, layer: Layer, plan: Plan) -> None:
        super().__init__(layer, plan)
        self._mean = ImageMean(0)

    def update(self, reading: Reading) -> None:
        """Add up differences to the reference and their squares, (P, C)."""
        if reading.chunk.first:
            self._first = reading.sums[:, :1].double()
            self._total = self._squares = self._first.new_zeros(())
        centred = reading.sums[:, reading.chunk.fresh].double() - self._first
        self._total = self._total + centred.sum(1)
        self._squares = self._squares + centred.square().sum(1)

    def finish(self) -> None:
        """Turn the sums of a picture into its value."""
        offset = self._total / self.plan.views
        variance = self._squares / self.plan.views - offset.square()
        self._mean.add(_ratio(variance, self._first[:, 0] + offset))

    def estimate(self) -> Estimate:
        """Mean over pictures."""
        return self._mean.estimate()
