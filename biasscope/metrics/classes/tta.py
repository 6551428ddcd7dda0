"""Test-time augmentation as torchmetrics classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from biasscope.metrics.classes.base import ClusterMetric, GainMetric
from biasscope.metrics.functional.tta import (
    tta_accuracy_gain_sums,
    tta_accuracy_sums,
    tta_consistency_gain_sums,
    tta_consistency_sums,
)


class _Averaged(ClusterMetric):
    """Metric of averages over k views."""

    def __init__(self, k: int | None = None, **kwargs: Any) -> None:
        super().__init__(variant=f"_{k}", **kwargs)
        self.k = k


class TtaAccuracy(_Averaged, ClusterMetric):
    """Accuracy after averaging over k views; see `functional.tta_accuracy`.

    Parameters
    ----------
    k
        Number of views that are averaged; without it, the largest of the sweep.
    **kwargs
        Of torchmetrics.

    Examples
    --------
    >>> import torch
    >>> metric = TtaAccuracy()
    >>> metric.update({2: torch.tensor([[3, 7], [4, 7]])}, torch.tensor([3, 7]))
    >>> metric.compute().item()
    0.75
    """

    higher_is_better = True

    def update(self, tta: Mapping[int, Tensor], targets: Tensor) -> None:
        """Add a block of images."""
        self._add(tta_accuracy_sums(tta, targets, self.k))


class TtaConsistency(_Averaged, ClusterMetric):
    """Consistency of groups of k averaged views; see `functional.tta_consistency`.

    Parameters
    ----------
    k
        Number of views that are averaged; without it, the largest of the sweep with at least two groups.
    **kwargs
        Of torchmetrics.

    Examples
    --------
    >>> import torch
    >>> metric = TtaConsistency()
    >>> metric.update({2: torch.tensor([[3, 7], [4, 7]])})
    >>> metric.compute().item()
    0.5
    """

    higher_is_better = True

    def update(self, tta: Mapping[int, Tensor]) -> None:
        """Add a block of images."""
        self._add(tta_consistency_sums(tta, self.k))


class TtaAccuracyGain(_Averaged, GainMetric):
    """Accuracy gained by averaging over k views; formula in `functional.tta_accuracy_gain`.

    Parameters
    ----------
    k
        Number of views that are averaged; without it, the largest of the sweep.
    **kwargs
        Of torchmetrics.

    Examples
    --------
    >>> import torch
    >>> metric = TtaAccuracyGain()
    >>> averaged = {2: torch.tensor([[3], [3]])}
    >>> metric.update(torch.tensor([[3], [4], [3], [3]]), averaged, torch.tensor([3]))
    >>> metric.compute().item()
    0.25
    """

    higher_is_better = True

    def update(self, predictions: Tensor, tta: Mapping[int, Tensor], targets: Tensor) -> None:
        """Add a block of images."""
        self._add(tta_accuracy_gain_sums(predictions, tta, targets, self.k))


class TtaConsistencyGain(_Averaged, GainMetric):
    """Consistency gained by averaging over k views; see `functional.tta_consistency_gain`.

    Parameters
    ----------
    k
        Number of views that are averaged; without it, the largest of the sweep with at least two groups.
    **kwargs
        Of torchmetrics.

    Examples
    --------
    >>> import torch
    >>> metric = TtaConsistencyGain()
    >>> metric.update(torch.tensor([[3], [4], [3], [3]]), {2: torch.tensor([[3], [3]])})
    >>> metric.compute().item()
    0.5
    """

    higher_is_better = True

    def update(self, predictions: Tensor, tta: Mapping[int, Tensor]) -> None:
        """Add a block of images."""
        self._add(tta_consistency_gain_sums(predictions, tta, self.k))
