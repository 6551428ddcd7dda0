"""Sampled consistency as a torchmetrics class."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics.classes.base import ClusterMetric
from biasscope.metrics.functional.sampled_consistency import sampled_consistency_sums


class SampledConsistency(ClusterMetric):
    """Share of pairs drawn by the sweep that agree; formula in `functional.sampled_consistency`.

    Examples
    --------
    >>> import torch
    >>> metric = SampledConsistency()
    >>> metric.update(torch.tensor([[3, 7], [4, 7]]), torch.tensor([[-1, 0]]))
    >>> metric.compute().item()
    0.5
    """

    higher_is_better = True

    def update(self, predictions: Tensor, steps: Tensor) -> None:
        """Add a block of images."""
        self._add(sampled_consistency_sums(predictions, steps))
