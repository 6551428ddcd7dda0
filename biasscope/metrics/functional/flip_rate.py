"""Flip rate: how often the answer changes from one frame to the next."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics.cluster import Sums, ratio
from biasscope.metrics.functional.top1_change import top1_change_sums


def flip_rate_sums(predictions: Tensor, steps: Tensor | None = None) -> Sums:
    """Reduce a block to its sums; parameters as in `flip_rate`."""
    return top1_change_sums(predictions, steps)


def flip_rate(predictions: Tensor, steps: Tensor | None = None) -> Tensor:
    r"""Share of adjacent frames with different answers, mean over clips.

    .. math:: \frac{1}{N (S - 1)} \sum_{i=1}^{N} \sum_{s=2}^{S} 1[k_{is} \ne k_{i, s-1}]

    Parameters
    ----------
    predictions
        Answers, (S, N) integers: S frames of N clips. The clip is the cluster of the interval.
    steps
        Predecessors of the frames, (K, S), -1 where there is none; without it, the frame before.

    Returns
    -------
    Number in [0, 1], lower is better.

    References
    ----------
    Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and perturbations", ICLR
    2019, on ImageNet-P (flip probability of ImageNet-P).

    Examples
    --------
    >>> import torch
    >>> flip_rate(torch.tensor([[3], [3], [4], [4], [4]])).item()
    0.25
    """
    return ratio(flip_rate_sums(predictions, steps))
