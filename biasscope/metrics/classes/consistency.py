"""Consistency as torchmetrics classes."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics.classes.base import ClusterMetric
from biasscope.metrics.functional.consistency import consistency_given_correct_sums, consistency_sums


class Consistency(ClusterMetric):
    """Probability that two different views are answered alike; formula in `functional.consistency`.

    Examples
    --------
    >>> import torch
    >>> metric = Consistency()
    >>> metric.update(torch.tensor([[3, 7], [3, 7], [4, 7], [3, 7]]))
    >>> metric.compute().item()
    0.75
    """

    higher_is_better = True

    def update(self, predictions: Tensor) -> None:
        """Add a block of images."""
        self._add(consistency_sums(predictions))


class ConsistencyWithReplacement(ClusterMetric):
    """Probability that two views, possibly the same, are answered alike; see `functional.consistency`.

    Examples
    --------
    >>> import torch
    >>> metric = ConsistencyWithReplacement()
    >>> metric.update(torch.tensor([[3, 7], [3, 7], [4, 7], [3, 7]]))
    >>> metric.compute().item()
    0.8125
    """

    higher_is_better = True

    def update(self, predictions: Tensor) -> None:
        """Add a block of images."""
        self._add(consistency_sums(predictions, replacement=True))


class ConsistencyGivenCorrect(ClusterMetric):
    """Agreement with references that are right; formula in `functional.consistency_given_correct`.

    Examples
    --------
    >>> import torch
    >>> metric = ConsistencyGivenCorrect()
    >>> metric.update(torch.tensor([[3, 7], [3, 7], [4, 7]]), torch.tensor([3, 9]))
    >>> metric.compute().item()
    0.5
    """

    higher_is_better = True

    def update(self, predictions: Tensor, targets: Tensor, reference: int = 0) -> None:
        """Add a block of images."""
        self._add(consistency_given_correct_sums(predictions, targets, reference))
