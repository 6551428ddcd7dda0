"""Histograms of apparent scale: quantiles, how many bins are filled, and wider bins."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias import effects
from biasscope.bias.counting.tables import FINE_SCALES, SCALES, fine_scale_edges
from biasscope.bias.grouped import design_effect_of
from biasscope.bias.jackknife import Estimate, jackknife, leave_one_out
from biasscope.core.binomial import unseen

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WIDE_BINS = 8
"""Wider bins at most, into which those of the histogram are merged for a test."""
EVEN = 3.84
"""Chi-square, one degree of freedom, that chance leaves behind in one of twenty samples."""


def quantile(fine: ArrayLike, share: float) -> Floats:
    """One quantile of apparent scale from its fine histogram, over the last axis; see :func:`quantiles`.

    >>> row = np.zeros(513, int); row[256] = 3; row[512] = 8
    >>> quantile(row, 0.1).round(2).item(), quantile(row, 0.5).item()
    (0.25, 1.0)
    """
    table = np.asarray(fine, np.int64)
    return quantiles(table.reshape(-1, table.shape[-1]), [share]).reshape(table.shape[:-1])


def quantiles(fine: Ints, shares: ArrayLike) -> Floats:
    """Quantiles of apparent scale from fine histograms ``(classes, 513)``, one a share; NaN without boxes.

    ``shares`` are the same for all classes, of shape ``(quantiles,)``, or those of each, ``(classes, quantiles)``; NaN
    gives NaN.

    Interpolates between the two nearest boxes, as numpy does; boxes are taken as even within a bin, so that it is off
    by at most a bin's width (.004 at 1, less below). Boxes as large as their frame are exactly 1.

    >>> row = np.zeros((1, 513), int); row[0, 256] = 3; row[0, 512] = 8
    >>> quantiles(row, [0.1, 0.5]).round(2).tolist()
    [[0.25, 1.0]]
    """
    running, wanted = np.cumsum(fine, -1, dtype=np.int64), np.asarray(shares, np.float64)
    n = running[:, -1:]
    last = np.maximum(n - 1, 0)
    place = np.nan_to_num(wanted) * last
    first = np.floor(place).astype(np.int64)
    low, high = (_ordered(fine, running, np.minimum(rank, last)) for rank in (first, first + 1))
    return np.asarray(np.where((n > 0) & np.isfinite(wanted), low + (place - first) * (high - low), np.nan))


def _ordered(table: Ints, running: Ints, rank: Ints) -> Floats:
    """Apparent scale of the boxes of some ranks, from 0 on; shape ``(classes, ranks)``."""
    edges, rows = fine_scale_edges(), np.arange(len(table))[:, None]
    apart = rows * (int(running.max(initial=0)) + 1)  # so that the rows are one ascending list
    found = np.searchsorted((running + apart).ravel(), rank + apart, "right") - rows * FINE_SCALES
    at = np.minimum(found, FINE_SCALES - 1)
    held = np.take_along_axis(table, at, -1)
    within = rank - np.take_along_axis(running, at, -1) + held
    return np.asarray(edges[at] + (edges[at + 1] - edges[at]) * (within + 0.5) / np.maximum(held, 1))


def corrected_entropy(histogram: ArrayLike, design_effect: ArrayLike = 1.0) -> Floats:
    """Entropy in bits over the last axis with what a few boxes lack of it added; NaN without boxes.

    Miller's ``(k - 1) / 2n`` nats for k filled bins, times the design effect where boxes share images: without it the
    entropy of 30 boxes is a third of a bit too small.

    >>> corrected_entropy([[5, 5, 0], [9, 0, 0]]).round(4).tolist()  # the former 1 + 1 / 20 ln 2
    [1.0721, 0.0]
    """
    table = np.asarray(histogram, np.float64)
    n, filled = table.sum(-1), (table > 0).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        lacking = (filled - 1) / (2 * n * np.log(2)) * np.asarray(design_effect)
        return np.asarray(effects.entropy(table / n[..., None]) + lacking)


def effective_bins(groups: Ints, images: Ints | None = None) -> Estimate:
    """Effective number of bins, two to the corrected entropy, from counts ``(classes, groups, bins)``.

    The interval is made for the entropy, which is nearer to normal. It reaches up to what boxes may have missed that
    lie in a bin by themselves, and down to what chance hides where they fill their bins evenly: see :func:`_missed` and
    :func:`_least`. ``images``: those that boxes share. Where all lie in one bin it says what share of a law, spread
    over the other bins, so many boxes (images) would have missed. In simulations (fifteen laws, 8 to 200 boxes) the
    95 % intervals hold the truth in 87 to 100 % of the classes.

    >>> effective_bins(np.full((1, 20, 4), 1000)).value.round(3).tolist()
    [4.0]
    """
    counts, design = groups.sum(1), design_effect_of(groups, images)
    full = corrected_entropy(counts, design)
    made = jackknife(full, corrected_entropy(leave_one_out(groups), design[:, None]), groups.any(-1))
    missed, worth = _missed(counts, design), np.maximum(counts.sum(-1) / design, 1)
    alike = (counts > 0).sum(-1) == 1
    upper = np.where(alike, np.fmax(made.high, missed), np.fmax(made.high, missed + made.high - full))
    low = np.fmin(made.low, _least(counts, worth))
    value, low, high = (np.clip(np.exp2(part), 1.0, groups.shape[-1]) for part in (made.value, low, upper))
    low, high = (np.where(np.isnan(made.high), np.nan, part) for part in (low, high))
    return Estimate(value, low, high, made.error * value * np.log(2))


def _missed(counts: Ints, design: Floats) -> Floats:
    """Entropy of the law seen with what it may hold besides, spread over the bins without a box; NaN without boxes.

    The share of boxes that are alone in their bin is that of boxes yet to come in bins not seen (Good 1953). Boxes that
    all lie in one bin may have missed what :func:`biasscope.core.binomial.unseen` says.
    """
    n, filled = counts.sum(-1), (counts > 0).sum(-1)
    empty, lone = counts.shape[-1] - filled, np.where(counts < 2 * design[:, None], counts, 0).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = np.where(filled == 1, unseen(np.maximum(n / design, 1)), lone / n) * (empty > 0)
        own = (1 - rest) * effects.entropy(counts / n[:, None])
    return np.asarray(own + effects.entropy(np.stack([1 - rest, rest], -1)) + rest * np.log2(np.maximum(empty, 1)))


def _least(counts: Ints, worth: Floats) -> Floats:
    """Entropy of a law over the bins filled that so many boxes may make look even.

    Entropy is flat where it is largest, so that the jackknife sees next to no variance there.
    """
    filled = np.maximum((counts > 0).sum(-1), 1)
    return np.asarray(np.log2(filled) - EVEN / (2 * worth * np.log(2)))


def merged_bins(histogram: Ints, wanted: int = WIDE_BINS) -> Ints:
    """Wider bin of each bin, at most ``wanted`` of about equal counts, so that small classes fill them.

    >>> merged_bins(np.array([1, 1, 4, 0, 2]), 2).tolist()
    [0, 0, 1, 1, 1]
    """
    running = np.cumsum(histogram)
    middle = (running - histogram / 2) / max(int(running[-1]), 1)
    place = np.clip((middle * wanted).astype(np.int64), 0, wanted - 1)
    filled = np.flatnonzero(histogram)
    before = np.maximum(np.searchsorted(filled, np.arange(len(histogram)), "right") - 1, 0)
    place = place[filled[before]] if len(filled) else place
    return np.asarray(np.unique(place, return_inverse=True)[1], np.int64)


def thirds() -> Ints:
    """Wider bin of each bin for the log-uniform reference: three at a time from 1/64, and -1 below it."""
    return np.concatenate([[-1], np.arange(SCALES - 1) // 3])


def merge(histogram: Ints, places: Ints) -> Ints:
    """Counts in wider bins, over the last axis; place -1 is left out."""
    wide = np.zeros((*histogram.shape[:-1], int(places.max()) + 1), np.int64)
    for column, place in enumerate(places):
        if place >= 0:
            wide[..., place] += histogram[..., column]
    return wide
