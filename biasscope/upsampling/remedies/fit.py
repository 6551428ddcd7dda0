"""Cut or continue the end of every axis."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn


class FitEnd(nn.Module):
    """Cut a fixed number of positions off the end of each axis, or repeat the last one.

    Parameters
    ----------
    amounts
        Along each axis: negative to cut, positive to repeat.

    Examples
    --------
    >>> import torch
    >>> FitEnd([-1])(torch.tensor([[[1.0, 2.0, 3.0]]])), FitEnd([2])(torch.tensor([[[1.0, 2.0]]]))
    (tensor([[[1., 2.]]]), tensor([[[1., 2., 2., 2.]]]))
    """

    def __init__(self, amounts: Sequence[int]) -> None:
        super().__init__()
        self.amounts = tuple(amounts)

    def forward(self, x: Tensor) -> Tensor:
        """Fit (N, C, ...)."""
        for axis, amount in enumerate(self.amounts, start=2):
            if amount < 0:
                x = x.narrow(axis, 0, x.shape[axis] + amount)
        grown = [part for amount in reversed(self.amounts) for part in (0, max(amount, 0))]
        return F.pad(x, grown, mode="replicate") if any(grown) else x

    def extra_repr(self) -> str:
        """Show the amounts."""
        return str(self.amounts)
