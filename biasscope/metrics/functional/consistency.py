"""Consistency: how often two views of a picture are answered alike."""

from __future__ import annotations

import torch
from torch import Tensor

from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, ratio, reduce
from biasscope.metrics.comparisons import others


def earlier_alike(table: Tensor) -> Tensor:
    """For every image, number the views of each answer from 0; (S, N), sorted by answer.

    Sums over views of functions of these numbers are sums over classes of functions of the class counts n_c:
    of 2j + 1 it is n_c^2, of j it is n_c (n_c - 1) / 2. One sort, no table over classes or over pairs.
    """
    ordered = table.sort(0).values
    place = torch.arange(len(table), device=table.device)[:, None]
    starts = torch.ones_like(ordered, dtype=torch.bool)
    starts[1:] = ordered[1:] != ordered[:-1]
    return place - torch.where(starts, place, 0).cummax(0).values


def consistency_sums(predictions: Tensor, replacement: bool = False) -> Sums:
    """Reduce a block to its sums; parameters as in `consistency`."""
    table = checks.answers(predictions)
    views, earlier = len(table), earlier_alike(table).sum(0)
    if replacement:
        return reduce(2 * earlier + views, float(views**2))
    return reduce(earlier, float(views * (views - 1) // 2))


def consistency_given_correct_sums(predictions: Tensor, targets: Tensor, reference: int = 0) -> Sums:
    """Reduce a block to its sums; parameters as in `consistency_given_correct`."""
    table, truth = checks.answers_and_labels(predictions, targets)
    moved, start = table[others(reference, table)], table[reference]
    right = start == truth
    return reduce((moved == start).sum(0) * right, right * len(moved))


def consistency(predictions: Tensor, replacement: bool = False) -> Tensor:
    r"""Probability that two views of an image are answered alike: exact over all pairs, mean over images.

    From the number n_c of views of an image that answered class c, with two different views or with replacement,

    .. math:: \frac{\sum_c n_c^2 - S}{S (S - 1)} \qquad\text{or}\qquad \frac{\sum_c n_c^2}{S^2}.

    Parameters
    ----------
    predictions
        Answers, (S, N) integers: S views of N images. Labels are not needed.
    replacement
        Whether the two views may be the same one, as when offsets are drawn independently (the literature).

    Returns
    -------
    Number in [0, 1] (with replacement from 1/S), higher is better; NaN for one view without replacement.

    References
    ----------
    Zhang, "Making convolutional networks shift-invariant again", ICML 2019, experiments; the exact value over a grid
    in place of two offsets drawn an image.

    Examples
    --------
    >>> import torch
    >>> predictions = torch.tensor([[3, 7], [3, 7], [4, 7], [3, 7]])
    >>> consistency(predictions).item(), consistency(predictions, replacement=True).item()
    (0.75, 0.8125)
    """
    return ratio(consistency_sums(predictions, replacement))


def consistency_given_correct(predictions: Tensor, targets: Tensor, reference: int = 0) -> Tensor:
    """Share of views answered like the reference, over the images whose reference is right.

    It is consistency that a bad model cannot have by being always wrong in the same way.

    Parameters
    ----------
    predictions
        Answers, (S, N) integers.
    targets
        True classes, (N,), -1 where unknown; such images are left out.
    reference
        Index of the reference; it is not compared with itself.

    Returns
    -------
    Number in [0, 1], higher is better; NaN where no reference is right.

    References
    ----------
    Zhang, ICML 2019, experiments, restricted to right answers at the unshifted image.

    Examples
    --------
    >>> import torch
    >>> predictions = torch.tensor([[3, 7], [3, 7], [4, 7]])
    >>> consistency_given_correct(predictions, torch.tensor([3, 9])).item()  # image 2 is steadily wrong
    0.5
    """
    return ratio(consistency_given_correct_sums(predictions, targets, reference))
