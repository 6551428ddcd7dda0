"""Jaggedness as torchmetrics classes: top-1 or top-5, count or rate."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics.classes.base import ClusterMetric, CountMetric
from biasscope.metrics.functional.jaggedness import jaggedness_sums, jaggedness_top5_sums


class Jaggedness(CountMetric):
    """Changes of the answer along the path of an image; formula in `functional.jaggedness`.

    Examples
    --------
    >>> import torch
    >>> metric = Jaggedness()
    >>> metric.update(torch.tensor([[3, 7], [3, 8], [4, 7]]))
    >>> metric.compute().item()
    1.5
    """

    higher_is_better = False

    def update(self, predictions: Tensor, steps: Tensor | None = None) -> None:
        """Add a block of images."""
        self._add(jaggedness_sums(predictions, steps))


class JaggednessRate(ClusterMetric):
    """Changes of the answer per step; formula in `functional.jaggedness` with ``rate=True``.

    Examples
    --------
    >>> import torch
    >>> metric = JaggednessRate()
    >>> metric.update(torch.tensor([[3, 7], [3, 8], [4, 7]]))
    >>> metric.compute().item()
    0.75
    """

    higher_is_better = False

    def update(self, predictions: Tensor, steps: Tensor | None = None) -> None:
        """Add a block of images."""
        self._add(jaggedness_sums(predictions, steps))


class JaggednessTop5(CountMetric):
    """Times the true class enters or leaves the top 5; formula in `functional.jaggedness_top5`.

    Examples
    --------
    >>> import torch
    >>> metric = JaggednessTop5()
    >>> metric.update(torch.tensor([[0], [5], [4], [2]]))
    >>> metric.compute().item()
    2.0
    """

    higher_is_better = False

    def update(self, rank_true: Tensor, steps: Tensor | None = None) -> None:
        """Add a block of images."""
        self._add(jaggedness_top5_sums(rank_true, steps))


class JaggednessTop5Rate(ClusterMetric):
    """Times the true class enters or leaves the top 5, per step; see `functional.jaggedness_top5`.

    Examples
    --------
    >>> import torch
    >>> metric = JaggednessTop5Rate()
    >>> metric.update(torch.tensor([[0], [5], [4]]))
    >>> metric.compute().item()
    1.0
    """

    higher_is_better = False

    def update(self, rank_true: Tensor, steps: Tensor | None = None) -> None:
        """Add a block of images."""
        self._add(jaggedness_top5_sums(rank_true, steps))
