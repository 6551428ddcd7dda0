"""k-agreement: how often k views of a picture are all answered alike."""

from __future__ import annotations

from math import comb

import torch
from torch import Tensor

from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, ratio, reduce
from biasscope.metrics.functional.consistency import earlier_alike

EXACT = 2**53
"""Numbers of groups of k views below this are counted, larger ones are shares from the start."""


def k_agreement_sums(predictions: Tensor, k: int = 3) -> Sums:
    """Reduce a block to its sums; parameters as in `k_agreement`."""
    table, k = checks.answers(predictions), checks.whole(k, "k")
    views = len(table)
    if views < k:
        return reduce(torch.zeros(table.shape[1], device=table.device), 0.0)
    total = comb(views, k)
    whole = total if total < EXACT else 1
    weight = torch.tensor([comb(j, k - 1) / (total // whole) for j in range(views)], dtype=torch.float64)
    earlier = earlier_alike(table)
    alike = weight.to(table.device)[earlier].sum(0)
    return reduce(torch.where(earlier.amax(0) == views - 1, float(whole), alike), float(whole))


def k_agreement(predictions: Tensor, k: int = 3) -> Tensor:
    r"""Probability that k different views of an image, drawn at random, are all answered alike; mean over images.

    Exact, from the number n_c of views that answered class c (hypergeometric); k = 2 is `consistency`.

    .. math:: \frac{1}{N} \sum_i \sum_c \binom{n_{ic}}{k} \Big/ \binom{S}{k}

    Parameters
    ----------
    predictions
        Answers, (S, N) integers.
    k
        Number of views that must agree.

    Returns
    -------
    Number in [0, 1], higher is better; NaN where there are fewer than k views.

    References
    ----------
    The pair of Zhang, ICML 2019, experiments, extended to k views.

    Examples
    --------
    >>> import torch
    >>> k_agreement(torch.tensor([[3], [3], [4], [3]]), k=3).item()  # one of the four triples
    0.25
    """
    return ratio(k_agreement_sums(predictions, k))
