"""Top-5 drop as torchmetrics classes."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics.classes.base import ClusterMetric
from biasscope.metrics.functional.top5_drop import top5_drop_anywhere_sums, top5_drop_sums


class Top5Drop(ClusterMetric):
    """Share of steps at which the true class leaves the top 5; formula in `functional.top5_drop`.

    Examples
    --------
    >>> import torch
    >>> metric = Top5Drop()
    >>> metric.update(torch.tensor([[0], [5], [4], [2]]))
    >>> metric.compute().item()
    0.5
    """

    higher_is_better = False

    def update(self, rank_true: Tensor, steps: Tensor | None = None) -> None:
        """Add a block of images."""
        self._add(top5_drop_sums(rank_true, steps))


class Top5DropAnywhere(ClusterMetric):
    """Share of images whose true class leaves the top 5 at some view; see `functional.top5_drop_anywhere`.

    Examples
    --------
    >>> import torch
    >>> metric = Top5DropAnywhere()
    >>> metric.update(torch.tensor([[0, 1], [5, 2], [4, 0]]))
    >>> metric.compute().item()
    0.5
    """

    higher_is_better = False

    def update(self, rank_true: Tensor, reference: int = 0) -> None:
        """Add a block of images."""
        self._add(top5_drop_anywhere_sums(rank_true, reference))
