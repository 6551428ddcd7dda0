"""Top-1 change: how often the answer changes when the picture moves a little."""

from __future__ import annotations

from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, ratio, reduce
from biasscope.metrics.comparisons import neighbours, others


def top1_change_sums(predictions: Tensor, steps: Tensor | None = None, reference: int | None = None) -> Sums:
    """Reduce a block to its sums; parameters as in `top1_change`."""
    if steps is not None and reference is not None:
        raise UsageError("steps and reference exclude each other", where="top1_change", hint="Give one of them.")
    table = checks.answers(predictions)
    if reference is not None:
        changed = table[others(reference, table)] != table[reference]
    else:
        pairs = neighbours(steps, len(table), table.device)
        changed = table[pairs.first] != table[pairs.second]
    return reduce(changed.sum(0), len(changed))


def top1_change(predictions: Tensor, steps: Tensor | None = None, *, reference: int | None = None) -> Tensor:
    r"""Share of compared pairs of views whose answers differ, P(top-1 change), mean over images.

    .. math:: \frac{1}{N P} \sum_{i=1}^{N} \sum_{(a, b)} 1[k_{ia} \ne k_{ib}]

    over the P pairs (a, b): each view and its predecessor (adjacent step), or the reference and each other view.

    Parameters
    ----------
    predictions
        Answers, (S, N) integers: S views of N images.
    steps
        (K, S): view s is compared with view ``steps[k, s]``; -1 where there is none. Without it, and without a
        reference, views are one path and each is compared with the one before.
    reference
        View that all others are compared with, instead of steps.

    Returns
    -------
    Number in [0, 1], lower is better; NaN without pairs or images.

    Raises
    ------
    UsageError
        If an argument has the wrong shape, type or values.

    References
    ----------
    Azulay and Weiss, "Why do deep convolutional networks generalize so poorly to small image transformations?", JMLR 20
    (184), 2019, experiments.

    Examples
    --------
    >>> import torch
    >>> predictions = torch.tensor([[3, 7], [3, 8], [4, 7]])  # 3 views of 2 images
    >>> top1_change(predictions).item(), top1_change(predictions, reference=0).item()
    (0.75, 0.5)
    """
    return ratio(top1_change_sums(predictions, steps, reference))
