"""Agreement with the reference at each shift: the map of consistency."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, ratio, reduce


def agreement_per_shift_sums(predictions: Tensor, reference: int = 0) -> Sums:
    """Reduce a block to its sums of shape (S,); parameters as in `agreement_per_shift`."""
    table = checks.answers(predictions)
    return reduce(table == table[checks.view(reference, table)])


def agreement_per_shift(predictions: Tensor, reference: int = 0) -> Tensor:
    """Share of images answered like the reference, at each view; 1 at the reference itself.

    Parameters
    ----------
    predictions
        Answers, (S, N) integers. Labels are not needed.
    reference
        Index of the reference.

    Returns
    -------
    (S,), each in [0, 1], higher is better.

    Examples
    --------
    >>> import torch
    >>> agreement_per_shift(torch.tensor([[3, 7], [4, 7]])).tolist()
    [1.0, 0.5]
    """
    return ratio(agreement_per_shift_sums(predictions, reference))
