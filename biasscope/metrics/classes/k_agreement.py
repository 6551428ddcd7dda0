"""k-agreement as a torchmetrics class."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from biasscope.metrics import checks
from biasscope.metrics.classes.base import ClusterMetric
from biasscope.metrics.functional.k_agreement import k_agreement_sums


class KAgreement(ClusterMetric):
    """Probability that k different views are all answered alike; formula in `functional.k_agreement`.

    Parameters
    ----------
    k
        Number of views.
    **kwargs
        Of torchmetrics.

    Examples
    --------
    >>> import torch
    >>> metric = KAgreement(k=3)
    >>> metric.update(torch.tensor([[3], [3], [4], [3]]))
    >>> metric.compute().item()
    0.25
    """

    higher_is_better = True

    def __init__(self, k: int = 3, **kwargs: Any) -> None:
        super().__init__(variant=f"_{checks.whole(k, 'k')}", **kwargs)
        self.k = k

    def update(self, predictions: Tensor) -> None:
        """Add a block of images."""
        self._add(k_agreement_sums(predictions, self.k))
