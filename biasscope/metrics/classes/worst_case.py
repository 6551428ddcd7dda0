"""Worst case as torchmetrics classes."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from biasscope.metrics import checks
from biasscope.metrics.classes.base import ClusterMetric
from biasscope.metrics.functional.worst_case import worst_case_consistency_sums, worst_case_sums, worst_of_k_sums


class WorstCase(ClusterMetric):
    """Share of images right at every view; formula in `functional.worst_case`.

    Examples
    --------
    >>> import torch
    >>> metric = WorstCase()
    >>> metric.update(torch.tensor([[3, 7], [3, 7], [4, 7]]), torch.tensor([3, 7]))
    >>> metric.compute().item()
    0.5
    """

    higher_is_better = True

    def update(self, predictions: Tensor, targets: Tensor) -> None:
        """Add a block of images."""
        self._add(worst_case_sums(predictions, targets))


class WorstCaseConsistency(ClusterMetric):
    """Share of images with one answer at every view; see `functional.worst_case_consistency`.

    Examples
    --------
    >>> import torch
    >>> metric = WorstCaseConsistency()
    >>> metric.update(torch.tensor([[3, 7], [3, 7], [4, 7]]))
    >>> metric.compute().item()
    0.5
    """

    higher_is_better = True

    def update(self, predictions: Tensor) -> None:
        """Add a block of images."""
        self._add(worst_case_consistency_sums(predictions))


class WorstOfK(ClusterMetric):
    """Accuracy against the worst of k random views; formula in `functional.worst_of_k`.

    Parameters
    ----------
    k
        Number of views.
    **kwargs
        Of torchmetrics.

    Examples
    --------
    >>> import torch
    >>> metric = WorstOfK(k=2)
    >>> metric.update(torch.tensor([[3], [3], [4], [3]]), torch.tensor([3]))
    >>> metric.compute().item()
    0.5
    """

    higher_is_better = True

    def __init__(self, k: int = 10, **kwargs: Any) -> None:
        super().__init__(variant=f"_{checks.whole(k, 'k')}", **kwargs)
        self.k = k

    def update(self, predictions: Tensor, targets: Tensor) -> None:
        """Add a block of images."""
        self._add(worst_of_k_sums(predictions, targets, self.k))
