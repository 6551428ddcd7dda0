"""Worst case: what remains when every view, or the worst of k, has to be right."""

from __future__ import annotations

from math import comb

import torch
from torch import Tensor

from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, ratio, reduce


def worst_case_sums(predictions: Tensor, targets: Tensor) -> Sums:
    """Reduce a block to its sums; parameters as in `worst_case`."""
    table, truth = checks.answers_and_labels(predictions, targets)
    return reduce((table == truth).all(0), truth >= 0)


def worst_case_consistency_sums(predictions: Tensor) -> Sums:
    """Reduce a block to its sums; parameters as in `worst_case_consistency`."""
    table = checks.answers(predictions)
    return reduce((table == table[0]).all(0))


def worst_of_k_sums(predictions: Tensor, targets: Tensor, k: int = 10) -> Sums:
    """Reduce a block to its sums; parameters as in `worst_of_k`."""
    table, truth = checks.answers_and_labels(predictions, targets)
    views, k = len(table), checks.whole(k, "k")
    if views < k:
        return reduce(torch.zeros(len(truth), device=table.device), 0.0)
    chance = torch.tensor([comb(right, k) / comb(views, k) for right in range(views + 1)], dtype=torch.float64)
    return reduce(chance.to(table.device)[(table == truth).sum(0)], truth >= 0)


def worst_case(predictions: Tensor, targets: Tensor) -> Tensor:
    r"""Share of images that are right at the reference and at EVERY other view.

    .. math:: \frac{1}{N} \sum_i \prod_s 1[k_{is} = y_i]

    Parameters
    ----------
    predictions
        Answers, (S, N) integers; the reference is one of the views.
    targets
        True classes, (N,), -1 where unknown; such images are left out.

    Returns
    -------
    Number in [0, 1], higher is better; it can only fall with the number of views.

    References
    ----------
    Michaeli, Michaeli and Soudry, "Alias-free convnets: fractional shift invariance via polynomial activations", CVPR
    2023, experiments (adversarial accuracy under shifts).

    Examples
    --------
    >>> import torch
    >>> worst_case(torch.tensor([[3, 7], [3, 7], [4, 7]]), torch.tensor([3, 7])).item()
    0.5
    """
    return ratio(worst_case_sums(predictions, targets))


def worst_case_consistency(predictions: Tensor) -> Tensor:
    """Share of images with one and the same answer at every view, right or wrong.

    Parameters
    ----------
    predictions
        Answers, (S, N) integers. Labels are not needed.

    Returns
    -------
    Number in [0, 1], higher is better; it can only fall with the number of views.

    Examples
    --------
    >>> import torch
    >>> worst_case_consistency(torch.tensor([[3, 7], [3, 7], [4, 7]])).item()
    0.5
    """
    return ratio(worst_case_consistency_sums(predictions))


def worst_of_k(predictions: Tensor, targets: Tensor, k: int = 10) -> Tensor:
    r"""Accuracy against the worst of k views drawn at random without replacement: its exact expectation.

    .. math:: \frac{1}{N} \sum_i \binom{n_i}{k} \Big/ \binom{S}{k}

    with the number n_i of views at which image i is right. k = 1 is the accuracy, k = S the worst case.

    Parameters
    ----------
    predictions
        Answers, (S, N) integers.
    targets
        True classes, (N,), -1 where unknown; such images are left out.
    k
        Number of views that must all be right.

    Returns
    -------
    Number in [0, 1], higher is better; NaN where there are fewer than k views.

    References
    ----------
    Engstrom, Tran, Tsipras, Schmidt and Madry, "Exploring the landscape of spatial robustness", ICML 2019
    (worst-of-k, there by one random draw).

    Examples
    --------
    >>> import torch
    >>> worst_of_k(torch.tensor([[3], [3], [4], [3]]), torch.tensor([3]), k=2).item()
    0.5
    """
    return ratio(worst_of_k_sums(predictions, targets, k))
