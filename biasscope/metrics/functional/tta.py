"""Test-time augmentation: what averaging the probabilities over k views gains."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from biasscope.metrics import checks
from biasscope.metrics.cluster import Sums, difference, ratio, reduce
from biasscope.metrics.functional.accuracy import accuracy_sums
from biasscope.metrics.functional.consistency import consistency_sums, earlier_alike


def tta_accuracy_sums(tta: Mapping[int, Tensor], targets: Tensor, k: int | None = None) -> Sums:
    """Reduce a block to its sums; parameters as in `tta_accuracy`."""
    return accuracy_sums(checks.averaged(tta, k), targets)


def tta_consistency_sums(tta: Mapping[int, Tensor], k: int | None = None) -> Sums:
    """Reduce a block to its sums; parameters as in `tta_consistency`."""
    return consistency_sums(checks.averaged(tta, k, groups=2))


def tta_accuracy_gain_sums(
    predictions: Tensor, tta: Mapping[int, Tensor], targets: Tensor, k: int | None = None
) -> Sums:
    """Reduce a block to its sums of shape (2,), gained and lost; parameters as in `tta_accuracy_gain`."""
    single = checks.answers(predictions)
    after = checks.averaged(tta, k, single.shape[1]).to(single.device)
    truth = checks.labels(targets, single)
    gain = (after == truth).double().mean(0) - (single == truth).double().mean(0)
    return _gained_and_lost(gain, truth >= 0)


def tta_consistency_gain_sums(predictions: Tensor, tta: Mapping[int, Tensor], k: int | None = None) -> Sums:
    """Reduce a block to its sums of shape (2,), gained and lost; parameters as in `tta_consistency_gain`."""
    single = checks.answers(predictions)
    after = checks.averaged(tta, k, single.shape[1], groups=2).to(single.device)
    pairs = min(len(single), len(after)) > 1
    gain = _pairs_alike(after) - _pairs_alike(single)
    return _gained_and_lost(gain, torch.full_like(gain, pairs))


def _pairs_alike(table: Tensor) -> Tensor:
    return earlier_alike(table).sum(0).double() / max(len(table) * (len(table) - 1) / 2, 1.0)


def _gained_and_lost(gain: Tensor, counts: Tensor) -> Sums:
    return reduce(torch.stack([gain.clamp(min=0), (-gain).clamp(min=0)]) * counts, counts)


def tta_accuracy(tta: Mapping[int, Tensor], targets: Tensor, k: int | None = None) -> Tensor:
    """Accuracy after averaging the probabilities over k views, mean over the groups of views.

    Parameters
    ----------
    tta
        From k to the answers after averaging over k views, (G, N) for G disjoint groups.
    targets
        True classes, (N,), -1 where unknown; such images are left out.
    k
        Which of them; the largest without.

    Returns
    -------
    Number in [0, 1], higher is better.

    Examples
    --------
    >>> import torch
    >>> tta_accuracy({2: torch.tensor([[3, 7], [4, 7]])}, torch.tensor([3, 7])).item()
    0.75
    """
    return ratio(tta_accuracy_sums(tta, targets, k))


def tta_consistency(tta: Mapping[int, Tensor], k: int | None = None) -> Tensor:
    """Probability that two disjoint groups of k views, each averaged, are answered alike.

    Parameters
    ----------
    tta
        From k to the answers after averaging over k views, (G, N) for G disjoint groups.
    k
        Which of them; without, the largest with at least two groups.

    Returns
    -------
    Number in [0, 1], higher is better; NaN for a single group.

    Examples
    --------
    >>> import torch
    >>> tta_consistency({2: torch.tensor([[3, 7], [4, 7]])}).item()
    0.5
    """
    return ratio(tta_consistency_sums(tta, k))


def tta_accuracy_gain(predictions: Tensor, tta: Mapping[int, Tensor], targets: Tensor, k: int | None = None) -> Tensor:
    r"""Accuracy after averaging over k views, minus the accuracy of single views.

    .. math:: \frac{1}{N G} \sum_i \sum_g 1[\bar k_{ig} = y_i] - \frac{1}{N S} \sum_i \sum_s 1[k_{is} = y_i]

    Parameters
    ----------
    predictions
        Answers of single views, (S, N) integers.
    tta
        From k to the answers after averaging over k views, (G, N) for G disjoint groups.
    targets
        True classes, (N,), -1 where unknown; such images are left out.
    k
        Which of them; the largest without.

    Returns
    -------
    Number in [-1, 1], higher is better.

    References
    ----------
    The remedy at inference discussed for Azulay and Weiss, JMLR 20 (184), 2019.

    Examples
    --------
    >>> import torch
    >>> single = torch.tensor([[3], [4], [3], [3]])
    >>> tta_accuracy_gain(single, {2: torch.tensor([[3], [3]])}, torch.tensor([3])).item()
    0.25
    """
    return difference(tta_accuracy_gain_sums(predictions, tta, targets, k))


def tta_consistency_gain(predictions: Tensor, tta: Mapping[int, Tensor], k: int | None = None) -> Tensor:
    """Consistency of groups of k averaged views, minus the consistency of single views.

    Parameters
    ----------
    predictions
        Answers of single views, (S, N) integers.
    tta
        From k to the answers after averaging over k views, (G, N) for G disjoint groups.
    k
        Which of them; without, the largest with at least two groups.

    Returns
    -------
    Number in [-1, 1], higher is better; NaN for a single group or view.

    Examples
    --------
    >>> import torch
    >>> single = torch.tensor([[3], [4], [3], [3]])
    >>> tta_consistency_gain(single, {2: torch.tensor([[3], [3]])}).item()
    0.5
    """
    return difference(tta_consistency_gain_sums(predictions, tta, k))
