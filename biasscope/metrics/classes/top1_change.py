"""Top-1 change as a torchmetrics class."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics.classes.base import ClusterMetric
from biasscope.metrics.functional.top1_change import top1_change_sums


class Top1Change(ClusterMetric):
    """Share of adjacent steps that change the answer; formula in `functional.top1_change`.

    Examples
    --------
    >>> import torch
    >>> metric = Top1Change()
    >>> metric.update(predictions=torch.tensor([[3, 7], [3, 8], [4, 7]]))
    >>> metric.compute().item()
    0.75
    """

    higher_is_better = False

    def update(self, predictions: Tensor, steps: Tensor | None = None) -> None:
        """Add a block of images."""
        self._add(top1_change_sums(predictions, steps))


class Top1ChangeFromReference(ClusterMetric):
    """Share of views answered unlike the reference; formula in `functional.top1_change`.

    Examples
    --------
    >>> import torch
    >>> metric = Top1ChangeFromReference()
    >>> metric.update(predictions=torch.tensor([[3, 7], [3, 8], [4, 7]]), reference=0)
    >>> metric.compute().item()
    0.5
    """

    higher_is_better = False

    def update(self, predictions: Tensor, reference: int = 0) -> None:
        """Add a block of images."""
        self._add(top1_change_sums(predictions, reference=reference))
