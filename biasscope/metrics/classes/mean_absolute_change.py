"""Mean absolute change as torchmetrics classes."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics.classes.base import ClusterMetric
from biasscope.metrics.functional.mean_absolute_change import (
    mean_absolute_change_from_reference_sums,
    mean_absolute_change_sums,
)


class MeanAbsoluteChange(ClusterMetric):
    """Mean absolute change between adjacent steps; formula in `functional.mean_absolute_change`.

    Examples
    --------
    >>> import torch
    >>> metric = MeanAbsoluteChange()
    >>> p_step = torch.tensor([[[float("nan")], [0.25]]])
    >>> metric.update(torch.tensor([[0.75], [0.5]]), p_step, torch.tensor([[-1, 0]]))
    >>> metric.compute().item()
    0.5
    """

    higher_is_better = False

    def update(self, p_top: Tensor, p_step: Tensor, steps: Tensor) -> None:
        """Add a block of images."""
        self._add(mean_absolute_change_sums(p_top, p_step, steps))


class MeanAbsoluteChangeFromReference(ClusterMetric):
    """Mean absolute change from the reference; formula in `functional.mean_absolute_change_from_reference`.

    Examples
    --------
    >>> import torch
    >>> metric = MeanAbsoluteChangeFromReference()
    >>> metric.update(torch.tensor([[0.75], [0.5], [0.75]]))
    >>> metric.compute().item()
    0.125
    """

    higher_is_better = False

    def update(self, p_reference: Tensor, reference: int = 0) -> None:
        """Add a block of images."""
        self._add(mean_absolute_change_from_reference_sums(p_reference, reference))
