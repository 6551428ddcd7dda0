"""Wobble as torchmetrics classes: of the true class, or of the class the reference answered."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics.classes.base import ClusterMetric
from biasscope.metrics.functional.wobble import wobble_sums


class WobbleTrue(ClusterMetric):
    """Largest minus smallest probability of the true class over the views; see `functional.wobble`.

    Examples
    --------
    >>> import torch
    >>> metric = WobbleTrue()
    >>> metric.update(torch.tensor([[0.75, 0.5], [0.25, 0.5]]))
    >>> metric.compute().item()
    0.25
    """

    higher_is_better = False

    def update(self, p_true: Tensor) -> None:
        """Add a block of images."""
        self._add(wobble_sums(p_true, "p_true"))


class WobbleReference(ClusterMetric):
    """Largest minus smallest probability of the reference's answer; see `functional.wobble`.

    Examples
    --------
    >>> import torch
    >>> metric = WobbleReference()
    >>> metric.update(torch.tensor([[0.75, 0.5], [0.25, 0.5]]))
    >>> metric.compute().item()
    0.25
    """

    higher_is_better = False

    def update(self, p_reference: Tensor) -> None:
        """Add a block of images."""
        self._add(wobble_sums(p_reference, "p_reference"))
