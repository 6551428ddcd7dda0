"""Flips by direction: what becomes of right and of wrong answers when the picture moves."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, ratio, reduce
from biasscope.metrics.comparisons import others

Flip = Literal["right_to_wrong", "wrong_to_right", "wrong_to_wrong", "wrong_unchanged", "right_unchanged"]


def flip_sums(flip: Flip, predictions: Tensor, targets: Tensor, reference: int = 0) -> Sums:
    """Reduce a block to its sums for one of the five directions; parameters as in `right_to_wrong`."""
    table, truth = checks.answers_and_labels(predictions, targets)
    moved, start = table[others(reference, table)], table[reference]
    same, was, now = moved == start, start == truth, moved == truth
    cells = {
        "right_to_wrong": was & ~now,
        "wrong_to_right": ~was & now,
        "wrong_to_wrong": ~was & ~now & ~same,
        "wrong_unchanged": ~was & same,
        "right_unchanged": was & same,
    }
    known = truth >= 0
    return reduce(cells[flip].sum(0) * known, known * len(moved))


def right_to_wrong(predictions: Tensor, targets: Tensor, reference: int = 0) -> Tensor:
    r"""Share of (image, view) with a right reference and a wrong view.

    .. math:: \frac{1}{N (S - 1)} \sum_i \sum_{s \ne r} 1[k_{ir} = y_i, k_{is} \ne y_i]

    The five shares right to wrong, wrong to right, wrong to another wrong, wrong unchanged and right unchanged add up
    to 1. The first three are the top-1 change from the reference.

    Parameters
    ----------
    predictions
        Answers, (S, N) integers.
    targets
        True classes, (N,), -1 where unknown; such images are left out.
    reference
        Index r of the reference.

    Returns
    -------
    Number in [0, 1], lower is better.

    References
    ----------
    Shares of the transitions behind consistency: Zhang, ICML 2019, experiments.

    Examples
    --------
    >>> import torch
    >>> predictions = torch.tensor([[3, 7], [3, 7], [4, 8]])
    >>> right_to_wrong(predictions, torch.tensor([3, 9])).item()
    0.25
    """
    return ratio(flip_sums("right_to_wrong", predictions, targets, reference))


def wrong_to_right(predictions: Tensor, targets: Tensor, reference: int = 0) -> Tensor:
    """Share of (image, view) with a wrong reference and a right view.

    It is a change too, so it has no better direction of its own: a better reference lowers it.

    Parameters
    ----------
    predictions, targets, reference
        As in `right_to_wrong`.

    Returns
    -------
    Number in [0, 1], lower is better.

    Examples
    --------
    >>> import torch
    >>> wrong_to_right(torch.tensor([[3, 7], [3, 7], [4, 9]]), torch.tensor([3, 9])).item()
    0.25
    """
    return ratio(flip_sums("wrong_to_right", predictions, targets, reference))


def wrong_to_wrong(predictions: Tensor, targets: Tensor, reference: int = 0) -> Tensor:
    """Share of (image, view) that change from one wrong answer to ANOTHER wrong one.

    Wrong answers that stay are `wrong_unchanged`.

    Parameters
    ----------
    predictions, targets, reference
        As in `right_to_wrong`.

    Returns
    -------
    Number in [0, 1], lower is better.

    Examples
    --------
    >>> import torch
    >>> wrong_to_wrong(torch.tensor([[3, 7], [3, 7], [4, 8]]), torch.tensor([3, 9])).item()
    0.25
    """
    return ratio(flip_sums("wrong_to_wrong", predictions, targets, reference))


def wrong_unchanged(predictions: Tensor, targets: Tensor, reference: int = 0) -> Tensor:
    """Share of (image, view) with the same wrong answer at both.

    Parameters
    ----------
    predictions, targets, reference
        As in `right_to_wrong`.

    Returns
    -------
    Number in [0, 1], lower is better.

    Examples
    --------
    >>> import torch
    >>> wrong_unchanged(torch.tensor([[3, 7], [3, 7], [4, 8]]), torch.tensor([3, 9])).item()
    0.25
    """
    return ratio(flip_sums("wrong_unchanged", predictions, targets, reference))


def right_unchanged(predictions: Tensor, targets: Tensor, reference: int = 0) -> Tensor:
    """Share of (image, view) that are right at both.

    Parameters
    ----------
    predictions, targets, reference
        As in `right_to_wrong`.

    Returns
    -------
    Number in [0, 1], higher is better.

    Examples
    --------
    >>> import torch
    >>> right_unchanged(torch.tensor([[3, 7], [3, 7], [4, 8]]), torch.tensor([3, 9])).item()
    0.25
    """
    return ratio(flip_sums("right_unchanged", predictions, targets, reference))
