"""Fidelity as a torchmetrics class."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics.classes.base import ClusterMetric
from biasscope.metrics.functional.fidelity import fidelity_sums


class Fidelity(ClusterMetric):
    """Share of pairs of views with equal and right answers; formula in `functional.fidelity`.

    Examples
    --------
    >>> import torch
    >>> metric = Fidelity()
    >>> metric.update(torch.tensor([[3], [3], [3], [4]]), torch.tensor([3]))
    >>> metric.compute().item()
    0.5
    """

    higher_is_better = True

    def update(self, predictions: Tensor, targets: Tensor) -> None:
        """Add a block of images."""
        self._add(fidelity_sums(predictions, targets))
