"""Smallest flipping shift as torchmetrics classes."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from biasscope.metrics.classes.base import ClusterMetric, CountMetric
from biasscope.metrics.functional.smallest_flipping_shift import Norm, flipping_share_sums, smallest_flipping_shift_sums


class FlippingShare(ClusterMetric):
    """Share of images that any view flips; see `functional.flipping_share`.

    Examples
    --------
    >>> import torch
    >>> metric = FlippingShare()
    >>> metric.update(torch.tensor([[3, 7], [3, 7], [4, 7]]))
    >>> metric.compute().item()
    0.5
    """

    higher_is_better = False

    def update(self, predictions: Tensor, reference: int = 0) -> None:
        """Add a block of images."""
        self._add(flipping_share_sums(predictions, reference))


class SmallestFlippingShift(CountMetric):
    """Mean distance to the nearest flip within the grid; see `functional.smallest_flipping_shift`.

    Parameters
    ----------
    norm
        "max", "euclidean" or "sum".
    **kwargs
        Of torchmetrics.

    Examples
    --------
    >>> import torch
    >>> metric = SmallestFlippingShift()
    >>> metric.update(torch.tensor([[3, 7], [4, 7], [4, 7]]), torch.tensor([[0, 0], [0, 1], [0, 2]]))
    >>> metric.compute().item()
    1.5
    """

    higher_is_better = True

    def __init__(self, norm: Norm = "max", **kwargs: Any) -> None:
        super().__init__(variant=f"_{norm}", **kwargs)
        self.norm = norm

    def update(self, predictions: Tensor, offsets: Tensor, reference: int = 0) -> None:
        """Add a block of images."""
        self._add(smallest_flipping_shift_sums(predictions, offsets, reference, self.norm))
