"""Accuracy over the views, at the reference, and at each shift."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, ratio, reduce


def accuracy_sums(predictions: Tensor, targets: Tensor) -> Sums:
    """Reduce a block to its sums; parameters as in `accuracy`."""
    table, truth = checks.answers_and_labels(predictions, targets)
    return reduce((table == truth).sum(0), (truth >= 0) * len(table))


def accuracy_at_reference_sums(predictions: Tensor, targets: Tensor, reference: int = 0) -> Sums:
    """Reduce a block to its sums; parameters as in `accuracy_at_reference`."""
    table, truth = checks.answers_and_labels(predictions, targets)
    return reduce(table[checks.view(reference, table)] == truth, truth >= 0)


def accuracy_per_shift_sums(predictions: Tensor, targets: Tensor) -> Sums:
    """Reduce a block to its sums of shape (S,); parameters as in `accuracy_per_shift`."""
    table, truth = checks.answers_and_labels(predictions, targets)
    return reduce(table == truth, truth >= 0)


def accuracy(predictions: Tensor, targets: Tensor) -> Tensor:
    r"""Share of right answers, mean over views and images.

    .. math:: \frac{1}{N S} \sum_i \sum_s 1[k_{is} = y_i]

    Parameters
    ----------
    predictions
        Answers, (S, N) integers.
    targets
        True classes, (N,), -1 where unknown; such images are left out.

    Returns
    -------
    Number in [0, 1], higher is better.

    Examples
    --------
    >>> import torch
    >>> accuracy(torch.tensor([[3, 7], [4, 7]]), torch.tensor([3, 7])).item()
    0.75
    """
    return ratio(accuracy_sums(predictions, targets))


def accuracy_at_reference(predictions: Tensor, targets: Tensor, reference: int = 0) -> Tensor:
    """Share of right answers at the reference: the accuracy that is usually published.

    Parameters
    ----------
    predictions
        Answers, (S, N) integers.
    targets
        True classes, (N,), -1 where unknown; such images are left out.
    reference
        Index of the reference.

    Returns
    -------
    Number in [0, 1], higher is better.

    Examples
    --------
    >>> import torch
    >>> accuracy_at_reference(torch.tensor([[3, 7], [4, 7]]), torch.tensor([3, 7])).item()
    1.0
    """
    return ratio(accuracy_at_reference_sums(predictions, targets, reference))


def accuracy_per_shift(predictions: Tensor, targets: Tensor) -> Tensor:
    """Share of right answers at each view.

    Parameters
    ----------
    predictions
        Answers, (S, N) integers.
    targets
        True classes, (N,), -1 where unknown; such images are left out.

    Returns
    -------
    (S,), each in [0, 1], higher is better.

    References
    ----------
    Zhang, ICML 2019, experiments (accuracy beside consistency).

    Examples
    --------
    >>> import torch
    >>> accuracy_per_shift(torch.tensor([[3, 7], [4, 7]]), torch.tensor([3, 7])).tolist()
    [1.0, 0.5]
    """
    return ratio(accuracy_per_shift_sums(predictions, targets))
