"""Local equivariance error, from Lie derivatives, as a torchmetrics class."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics.classes.base import PositiveMetric
from biasscope.metrics.functional.lie_derivative import local_equivariance_error_sums


class LocalEquivarianceError(PositiveMetric):
    """Mean square of the Lie derivative; formula in `functional.local_equivariance_error`.

    Examples
    --------
    >>> import torch
    >>> metric = LocalEquivarianceError()
    >>> metric.update(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))  # from `functional.lie_derivative`
    >>> metric.compute().item()
    6.25
    """

    higher_is_better = False

    def update(self, derivatives: Tensor) -> None:
        """Add a block of images."""
        self._add(local_equivariance_error_sums(derivatives))
