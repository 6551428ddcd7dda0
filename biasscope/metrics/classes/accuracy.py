"""Accuracy as torchmetrics classes."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics.classes.base import ClusterMetric, PerViewMetric
from biasscope.metrics.functional.accuracy import accuracy_at_reference_sums, accuracy_per_shift_sums, accuracy_sums


class Accuracy(ClusterMetric):
    """Share of right answers over views and images; formula in `functional.accuracy`.

    Examples
    --------
    >>> import torch
    >>> metric = Accuracy()
    >>> metric.update(torch.tensor([[3, 7], [4, 7]]), torch.tensor([3, 7]))
    >>> metric.compute().item()
    0.75
    """

    higher_is_better = True

    def update(self, predictions: Tensor, targets: Tensor) -> None:
        """Add a block of images."""
        self._add(accuracy_sums(predictions, targets))


class AccuracyAtReference(ClusterMetric):
    """Share of right answers at the reference; see `functional.accuracy_at_reference`.

    Examples
    --------
    >>> import torch
    >>> metric = AccuracyAtReference()
    >>> metric.update(torch.tensor([[3, 7], [4, 7]]), torch.tensor([3, 7]))
    >>> metric.compute().item()
    1.0
    """

    higher_is_better = True

    def update(self, predictions: Tensor, targets: Tensor, reference: int = 0) -> None:
        """Add a block of images."""
        self._add(accuracy_at_reference_sums(predictions, targets, reference))


class AccuracyPerShift(PerViewMetric):
    """Share of right answers at each view, (S,); see `functional.accuracy_per_shift`.

    Parameters
    ----------
    views
        Number of views S; without it, read off the first block. State it where a process may get no block.
    **kwargs
        Of torchmetrics.

    Examples
    --------
    >>> import torch
    >>> metric = AccuracyPerShift()
    >>> metric.update(torch.tensor([[3, 7], [4, 7]]), torch.tensor([3, 7]))
    >>> metric.compute().tolist()
    [1.0, 0.5]
    """

    higher_is_better = True

    def update(self, predictions: Tensor, targets: Tensor) -> None:
        """Add a block of images."""
        self._add(accuracy_per_shift_sums(predictions, targets))
