"""Flip rate as a torchmetrics class."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics.classes.base import ClusterMetric
from biasscope.metrics.functional.flip_rate import flip_rate_sums


class FlipRate(ClusterMetric):
    """Share of adjacent frames with different answers; formula in `functional.flip_rate`.

    Examples
    --------
    >>> import torch
    >>> metric = FlipRate()
    >>> metric.update(torch.tensor([[3], [3], [4], [4], [4]]))
    >>> metric.compute().item()
    0.25
    """

    higher_is_better = False

    def update(self, predictions: Tensor, steps: Tensor | None = None) -> None:
        """Add a block of images."""
        self._add(flip_rate_sums(predictions, steps))
