"""Fidelity: how often two views are answered alike and right."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, ratio, reduce
from biasscope.metrics.comparisons import neighbours
from biasscope.metrics.functional.worst_case import worst_of_k_sums


def fidelity_sums(predictions: Tensor, targets: Tensor, steps: Tensor | None = None) -> Sums:
    """Reduce a block to its sums; parameters as in `fidelity`."""
    if steps is None:
        return worst_of_k_sums(predictions, targets, 2)
    table, truth = checks.answers_and_labels(predictions, targets)
    pairs, right = neighbours(steps, len(table), table.device), table == truth
    both = right[pairs.first] & right[pairs.second]
    return reduce(both.sum(0), (truth >= 0) * len(both))


def fidelity(predictions: Tensor, targets: Tensor, steps: Tensor | None = None) -> Tensor:
    r"""Share of pairs of views with equal and right answers, mean over images.

    Exact over all pairs of different views, from the number n_i of right views:

    .. math:: \frac{1}{N} \sum_i \frac{n_i (n_i - 1)}{S (S - 1)}

    Parameters
    ----------
    predictions
        Answers, (S, N) integers.
    targets
        True classes, (N,), -1 where unknown; such images are left out.
    steps
        Take these pairs instead of all: (K, S), view s with view ``steps[k, s]``, -1 where there is none.

    Returns
    -------
    Number in [0, 1], higher is better; NaN for a single view.

    References
    ----------
    Saha and Gokhale, "Improving shift invariance in convolutional neural networks with translation invariant polyphase
    sampling", WACV 2025, experiments.

    Examples
    --------
    >>> import torch
    >>> fidelity(torch.tensor([[3, 7], [3, 7], [4, 7]]), torch.tensor([3, 9])).item() * 6
    1.0
    """
    return ratio(fidelity_sums(predictions, targets, steps))
