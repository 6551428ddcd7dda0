"""Jaggedness: how often the answer changes along a path of small steps."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, count, ratio, reduce
from biasscope.metrics.comparisons import neighbours
from biasscope.metrics.functional.top1_change import top1_change_sums


def jaggedness_sums(predictions: Tensor, steps: Tensor | None = None) -> Sums:
    """Reduce a block to its sums: changes of the answer and steps, image by image."""
    return top1_change_sums(predictions, steps)


def jaggedness_top5_sums(rank_true: Tensor, steps: Tensor | None = None) -> Sums:
    """Reduce a block to its sums: times the true class enters or leaves the top 5, and steps, image by image."""
    ranks = checks.ranks(rank_true)
    pairs = neighbours(steps, len(ranks), ranks.device)
    inside, known = ranks < 5, ranks[0] >= 0
    changes = (inside[pairs.first] != inside[pairs.second]).sum(0)
    return reduce(changes * known, known * len(pairs.first))


def jaggedness(predictions: Tensor, steps: Tensor | None = None, *, rate: bool = False) -> Tensor:
    r"""Jaggedness (top-1): changes of the answer along the path of one image, mean over images.

    .. math:: \frac{1}{N} \sum_i \sum_{(a, b)} 1[k_{ia} \ne k_{ib}] \quad \text{(count)}, \qquad
              \text{rate} = \text{count} / P

    with P steps. A count only compares with counts over the same P; the rate is the top-1 change of adjacent steps.
    On a grid the steps are those between all neighbours.

    Parameters
    ----------
    predictions
        Answers, (S, N) integers.
    steps
        Predecessors, (K, S), -1 where there is none; without it, the views are one path.
    rate
        Divide by the number of steps.

    Returns
    -------
    Mean number of changes an image, 0 to P (with ``rate``, 0 to 1); lower is better.

    References
    ----------
    Azulay and Weiss, arXiv 1805.12177, first version (2018), experiments.

    Examples
    --------
    >>> import torch
    >>> predictions = torch.tensor([[3, 7], [3, 8], [4, 7]])
    >>> jaggedness(predictions).item(), jaggedness(predictions, rate=True).item()
    (1.5, 0.75)
    """
    return (ratio if rate else count)(jaggedness_sums(predictions, steps))


def jaggedness_top5(rank_true: Tensor, steps: Tensor | None = None, *, rate: bool = False) -> Tensor:
    """Jaggedness (top-5): how often the true class enters or leaves the top 5 along the path, mean over images.

    Parameters
    ----------
    rank_true
        Number of classes more probable than the true one, (S, N); -1 for images without a label, which are left out.
    steps
        Predecessors, (K, S), -1 where there is none; without it, the views are one path.
    rate
        Divide by the number of steps.

    Returns
    -------
    Mean number of changes an image (with ``rate``, 0 to 1); lower is better.

    References
    ----------
    Azulay and Weiss, arXiv 1805.12177, first version (2018), experiments.

    Examples
    --------
    >>> import torch
    >>> jaggedness_top5(torch.tensor([[0], [5], [4], [2]])).item()  # left at the second view, back at the third
    2.0
    """
    return (ratio if rate else count)(jaggedness_top5_sums(rank_true, steps))
