"""Flips by direction as torchmetrics classes."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from biasscope.metrics.classes.base import ClusterMetric
from biasscope.metrics.functional.flips import Flip, flip_sums


class _Flips(ClusterMetric):
    """Share of (image, view) whose answer goes, or stays, one way."""

    direction: ClassVar[Flip]
    higher_is_better = False

    def update(self, predictions: Tensor, targets: Tensor, reference: int = 0) -> None:
        """Add a block of images."""
        self._add(flip_sums(self.direction, predictions, targets, reference))


class RightToWrong(_Flips):
    """Share of (image, view) with a right reference and a wrong view; see `functional.right_to_wrong`.

    Examples
    --------
    >>> import torch
    >>> metric = RightToWrong()
    >>> metric.update(torch.tensor([[3, 7], [3, 7], [4, 8]]), torch.tensor([3, 9]))
    >>> metric.compute().item()
    0.25
    """

    direction = "right_to_wrong"


class WrongToRight(_Flips):
    """Share of (image, view) with a wrong reference and a right view; see `functional.wrong_to_right`.

    Examples
    --------
    >>> import torch
    >>> metric = WrongToRight()
    >>> metric.update(torch.tensor([[3, 7], [3, 7], [4, 9]]), torch.tensor([3, 9]))
    >>> metric.compute().item()
    0.25
    """

    direction = "wrong_to_right"


class WrongToWrong(_Flips):
    """Share of (image, view) that change to another wrong answer; see `functional.wrong_to_wrong`.

    Examples
    --------
    >>> import torch
    >>> metric = WrongToWrong()
    >>> metric.update(torch.tensor([[3, 7], [3, 7], [4, 8]]), torch.tensor([3, 9]))
    >>> metric.compute().item()
    0.25
    """

    direction = "wrong_to_wrong"


class WrongUnchanged(_Flips):
    """Share of (image, view) with the same wrong answer at both; see `functional.wrong_unchanged`.

    Examples
    --------
    >>> import torch
    >>> metric = WrongUnchanged()
    >>> metric.update(torch.tensor([[3, 7], [3, 7], [4, 8]]), torch.tensor([3, 9]))
    >>> metric.compute().item()
    0.25
    """

    direction = "wrong_unchanged"


class RightUnchanged(_Flips):
    """Share of (image, view) that are right at both; see `functional.right_unchanged`.

    Examples
    --------
    >>> import torch
    >>> metric = RightUnchanged()
    >>> metric.update(torch.tensor([[3, 7], [3, 7], [4, 8]]), torch.tensor([3, 9]))
    >>> metric.compute().item()
    0.25
    """

    direction = "right_unchanged"
    higher_is_better = True
