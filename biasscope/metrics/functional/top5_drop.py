"""Top-5 drop: how often the true class falls out of the five most probable ones."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, ratio, reduce
from biasscope.metrics.comparisons import neighbours, others


def top5_drop_sums(rank_true: Tensor, steps: Tensor | None = None) -> Sums:
    """Reduce a block to its sums; parameters as in `top5_drop`."""
    ranks = checks.ranks(rank_true)
    pairs = neighbours(steps, len(ranks), ranks.device)
    inside = (ranks >= 0) & (ranks < 5)
    return reduce((inside[pairs.first] & ~inside[pairs.second]).sum(0), inside[pairs.first].sum(0))


def top5_drop_anywhere_sums(rank_true: Tensor, reference: int = 0) -> Sums:
    """Reduce a block to its sums; parameters as in `top5_drop_anywhere`."""
    ranks = checks.ranks(rank_true)
    outside = ranks[others(reference, ranks)] >= 5
    start = (ranks[reference] >= 0) & (ranks[reference] < 5)
    return reduce(outside.any(0) & start, start)


def top5_drop(rank_true: Tensor, steps: Tensor | None = None) -> Tensor:
    r"""Share of steps at which the true class leaves the top 5, of all steps that begin with it inside.

    .. math:: \frac{\sum_i \sum_{(a, b)} 1[\rho_{ia} < 5 \le \rho_{ib}]}{\sum_i \sum_{(a, b)} 1[\rho_{ia} < 5]}

    with the rank :math:`\rho`, 0 for the most probable class.

    Parameters
    ----------
    rank_true
        Number of classes more probable than the true one, (S, N); -1 for images without a label, which are left out.
    steps
        Predecessors, (K, S), -1 where there is none; without it, the views are one path.

    Returns
    -------
    Number in [0, 1], lower is better; NaN where the true class never is in the top 5.

    References
    ----------
    Azulay and Weiss, arXiv 1805.12177, first version (2018), experiments.

    Examples
    --------
    >>> import torch
    >>> top5_drop(torch.tensor([[0], [5], [4], [2]])).item()  # steps 0 -> 5 (leaves) and 4 -> 2
    0.5
    """
    return ratio(top5_drop_sums(rank_true, steps))


def top5_drop_anywhere(rank_true: Tensor, reference: int = 0) -> Tensor:
    """Share of images whose true class, in the top 5 at the reference, is outside at some other view.

    Parameters
    ----------
    rank_true
        Number of classes more probable than the true one, (S, N); -1 for images without a label, which are left out.
    reference
        Index of the reference.

    Returns
    -------
    Number in [0, 1], lower is better; it can only grow with the number of views.

    References
    ----------
    Azulay and Weiss, arXiv 1805.12177, first version (2018), experiments.

    Examples
    --------
    >>> import torch
    >>> top5_drop_anywhere(torch.tensor([[0, 1], [5, 2], [4, 0]])).item()
    0.5
    """
    return ratio(top5_drop_anywhere_sums(rank_true, reference))
