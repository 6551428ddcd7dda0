"""Mean absolute change: how far the probability of the answer moves when the picture moves a little."""

from __future__ import annotations

from torch import Tensor

from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, ratio, reduce
from biasscope.metrics.comparisons import neighbours, others


def mean_absolute_change_sums(p_top: Tensor, p_step: Tensor, steps: Tensor) -> Sums:
    """Reduce a block to its sums; parameters as in `mean_absolute_change`."""
    top = checks.probabilities(p_top, "p_top")
    after = checks.probabilities(p_step, "p_step", ("K", *top.shape))
    pairs = neighbours(checks.integers(steps, "steps", after.shape[:2]), len(top), top.device)
    change = checks.defined(after[pairs.row, pairs.second], "p_step") - checks.defined(top[pairs.first], "p_top")
    return reduce(change.abs().sum(0), len(change))


def mean_absolute_change_from_reference_sums(p_reference: Tensor, reference: int = 0) -> Sums:
    """Reduce a block to its sums; parameters as in `mean_absolute_change_from_reference`."""
    p = checks.defined(checks.probabilities(p_reference, "p_reference"), "p_reference")
    change = p[others(reference, p)] - p[reference]
    return reduce(change.abs().sum(0), len(change))


def mean_absolute_change(p_top: Tensor, p_step: Tensor, steps: Tensor) -> Tensor:
    r"""Mean absolute change (MAC) of the probability of image 1's own answer, over adjacent steps.

    .. math:: \frac{1}{N P} \sum_i \sum_{(a, b)} |p_{ib}[k_{ia}] - p_{ia}[k_{ia}]|, \quad k_{ia} = \arg\max p_{ia}

    The class is that which the FIRST view of the pair answered, not the true one.

    Parameters
    ----------
    p_top
        Probability of each view's own answer, (S, N).
    p_step
        Probability, at view s, of the class that view ``steps[k, s]`` answered, (K, S, N); NaN where there is none.
    steps
        Predecessors, (K, S) integers, -1 where there is none.

    Returns
    -------
    Number in [0, 1], lower is better; NaN without pairs or images.

    References
    ----------
    Azulay and Weiss, JMLR 20 (184), 2019, experiments.

    Examples
    --------
    >>> import torch
    >>> p_top = torch.tensor([[0.75], [0.5]])  # 2 views of 1 image
    >>> p_step = torch.tensor([[[float("nan")], [0.25]]])  # the class of view 0 has 0.25 left at view 1
    >>> mean_absolute_change(p_top, p_step, torch.tensor([[-1, 0]])).item()
    0.5
    """
    return ratio(mean_absolute_change_sums(p_top, p_step, steps))


def mean_absolute_change_from_reference(p_reference: Tensor, reference: int = 0) -> Tensor:
    r"""Mean absolute change of the probability of the reference's answer, over all other views.

    .. math:: \frac{1}{N (S - 1)} \sum_i \sum_{s \ne r} |p_{is}[k_{ir}] - p_{ir}[k_{ir}]|

    Parameters
    ----------
    p_reference
        Probability, at each view, of the class that the reference answered, (S, N).
    reference
        Index r of the reference.

    Returns
    -------
    Number in [0, 1], lower is better; NaN with a single view or without images.

    References
    ----------
    Azulay and Weiss, JMLR 20 (184), 2019, experiments, with a fixed original in place of the adjacent step.

    Examples
    --------
    >>> import torch
    >>> mean_absolute_change_from_reference(torch.tensor([[0.75], [0.5], [0.75]])).item()
    0.125
    """
    return ratio(mean_absolute_change_from_reference_sums(p_reference, reference))
