"""Agreement with the reference at each shift as a torchmetrics class."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics.classes.base import PerViewMetric
from biasscope.metrics.functional.agreement_per_shift import agreement_per_shift_sums


class AgreementPerShift(PerViewMetric):
    """Share of images answered like the reference at each view, (S,); see `functional.agreement_per_shift`.

    Parameters
    ----------
    views
        Number of views S; without it, read off the first block. State it where a process may get no block.
    **kwargs
        Of torchmetrics.

    Examples
    --------
    >>> import torch
    >>> metric = AgreementPerShift()
    >>> metric.update(torch.tensor([[3, 7], [4, 7]]))
    >>> metric.compute().tolist()
    [1.0, 0.5]
    """

    higher_is_better = True

    def update(self, predictions: Tensor, reference: int = 0) -> None:
        """Add a block of images."""
        self._add(agreement_per_shift_sums(predictions, reference))
