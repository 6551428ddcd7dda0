"""All scale statistics of every class as arrays, from counts alone.

Apparent scale is the square root of a box's share of the frame's area, counted in bins of a quarter octave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias import effects, testing
from biasscope.bias.counting.counts import BoxCounts
from biasscope.bias.counting.tables import FINE_SCALES, SCALES, fine_scale_edges
from biasscope.bias.jackknife import Estimate, jackknife, leave_one_out
from biasscope.bias.testing.chi_square import ASYMPTOTIC_ABOVE, chi_square_tail
from biasscope.core.errors import UsageError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
REFERENCES = ("others", "log-uniform")
WIDE_BINS = 8


@dataclass(frozen=True)
class Scales:
    """Scale statistics, one value a class (and a last one for the pooled set where that makes sense).

    Attributes
    ----------
    histogram
        ``(classes + 1, 25)`` counts, pooled last.
    quantiles
        ``(classes + 1, 3)`` tenth, half and nine tenths.
    effective_bins
        Perplexity of the histogram: how many bins it would fill evenly; with intervals.
    median
        Median of the pooled set with interval, one value.
    effect, js
        Difference from the reference: bias-corrected Cramer's V at equal weight, and Jensen-Shannon bits.
    p, q
        Test against the reference, and corrected over the classes tested; NaN where not tested.
    """

    histogram: Ints
    quantiles: Floats
    effective_bins: Estimate
    median: Estimate
    effect: Estimate
    js: Floats
    p: Floats
    q: Floats


def scales(
    counts: BoxCounts,
    *,
    reference: str = "others",
    correction: str = "bh",
    minimum: int = 10,
    draws: int = testing.DRAWS,
    seed: int = 0,
) -> Scales:
    """Every statistic of :class:`Scales`; see :func:`biasscope.bias.scale.scale` for the references."""
    if reference not in REFERENCES:
        raise UsageError(f"no scale reference is called {reference!r}", hint=f"There are: {', '.join(REFERENCES)}.")
    histogram, classes = counts.scale.sum(1), counts.scale[:-1]
    places = merged_bins(histogram[:-1].sum(0)) if reference == "others" else thirds()
    wide = merge(classes, places)
    p = _p_values(wide.sum(1), reference, minimum, draws, seed)
    filled, left = counts.scale.any(-1), leave_one_out(counts.scale)
    return Scales(
        histogram=histogram,
        quantiles=np.stack([quantile(counts.fine_scale, share) for share in (0.1, 0.5, 0.9)], -1),
        effective_bins=jackknife(perplexity(histogram), perplexity(left), filled, low=1.0, high=float(SCALES)),
        median=_median(counts.pooled_scale[None]),
        effect=_effect(wide, reference, clustered=counts.settings.per_image == "all"),
        js=_divergence(histogram[:-1], reference),
        p=p,
        q=testing.adjust(p, correction),
    )


def _median(groups: Ints) -> Estimate:
    left = leave_one_out(groups).astype(np.int64)
    return jackknife(quantile(groups.sum(1), 0.5), quantile(left, 0.5), groups.any(-1), low=0.0, high=1.0)


def quantile(fine: ArrayLike, share: float) -> Floats:
    """Quantile of apparent scale from its fine histogram, over the last axis; NaN without boxes.

    Interpolates between the two nearest boxes, as numpy does; boxes are taken as even within a bin, so that it is off
    by at most a bin's width (.004 at 1, less below). Boxes as large as their frame are exactly 1.

    >>> row = np.zeros(513, int); row[256] = 3; row[512] = 8
    >>> quantile(row, 0.1).round(2).item(), quantile(row, 0.5).item()
    (0.25, 1.0)
    """
    table = np.asarray(fine, np.int64)
    running = np.cumsum(table, -1)
    n = running[..., -1]
    place = share * (n - 1)
    first = np.clip(np.floor(place), 0, np.maximum(n - 1, 0)).astype(np.int64)
    low, high = (_ordered(table, running, np.minimum(rank, np.maximum(n - 1, 0))) for rank in (first, first + 1))
    return np.asarray(np.where(n > 0, low + (place - first) * (high - low), np.nan))


def _ordered(table: Ints, running: Ints, rank: Ints) -> Floats:
    """Apparent scale of the box of a rank, from 0 on."""
    edges = fine_scale_edges()
    at = np.minimum((running <= rank[..., None]).sum(-1), FINE_SCALES - 1)
    held = np.take_along_axis(table, at[..., None], -1)[..., 0]
    within = rank - np.take_along_axis(running, at[..., None], -1)[..., 0] + held
    return np.asarray(edges[at] + (edges[at + 1] - edges[at]) * (within + 0.5) / np.maximum(held, 1))


def perplexity(histogram: ArrayLike) -> Floats:
    """Effective number of bins, two to the entropy in bits; NaN without boxes.

    >>> perplexity([[5, 5, 0], [9, 0, 0]]).tolist()
    [2.0, 1.0]
    """
    table = np.asarray(histogram, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.exp2(effects.entropy(table / table.sum(-1, keepdims=True))))


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


def balanced_effect(counts: ArrayLike, other: ArrayLike | None = None, *, design_effect: ArrayLike = 1.0) -> Floats:
    """Bias-corrected squared Cramer's V of two rows of counts at equal weight, over the last axis.

    ``sum((q - r)**2 / (q + r)) / 2``, less what chance adds, ``(k - 1) / 4 (1 / n + 1 / m)`` times the design effect.
    Unlike V of the table as it is, it does not depend on how common a class is. ``other`` is equal cells, known
    exactly, when left out.

    >>> balanced_effect([[1000, 0]], [[0, 1000]]).round(2).tolist()
    [1.0]
    """
    table = np.asarray(counts, np.float64)
    reference = np.ones(table.shape[-1]) if other is None else np.asarray(other, np.float64)
    n, m = table.sum(-1, keepdims=True), reference.sum(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        q, r = table / n, reference / m
        both = q + r
        distance = np.where(both > 0, (q - r) ** 2 / both, 0.0).sum(-1) / 2
        chance = (table.shape[-1] - 1) / 4 * (1 / n[..., 0] + (0.0 if other is None else 1 / m[..., 0]))
        return np.asarray(np.where((n > 0)[..., 0] & (m > 0)[..., 0], distance - chance * design_effect, np.nan))


def cell_design_effect(groups: Ints) -> Floats:
    """How many times what chance adds to a sum over cells grows because boxes of one image go together; 1 alone.

    The mean over cells of the variance of a cell's share over groups of images, by that of independent boxes (Rao &
    Scott 1981); at least 1.

    >>> cell_design_effect(np.array([[[3, 0], [0, 3], [3, 0], [0, 3]]])).tolist()
    [4.0]
    """
    table = groups.astype(np.float64)
    sizes, filled = table.sum(2, keepdims=True), groups.any(-1).sum(-1)
    n = sizes.sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = table.sum(1) / n
        residual = ((table - share[:, None] * sizes) ** 2).sum(1)
        ratio = np.where(share > 0, residual / share, 0.0).sum(-1) / (n[:, 0] * ((share > 0).sum(-1) - 1))
        found = ratio * filled / (filled - 1)
    return np.where(np.isfinite(found), np.maximum(found, 1.0), 1.0)


def _effect(wide: Ints, reference: str, *, clustered: bool) -> Estimate:
    left = leave_one_out(wide)
    design = cell_design_effect(wide) if clustered else np.ones(len(wide))
    if reference == "others":
        full = balanced_effect(wide.sum(1), wide.sum((0, 1)) - wide.sum(1), design_effect=design)
        without = balanced_effect(left, left.sum(0) - left, design_effect=design[:, None])
    else:
        full = balanced_effect(wide.sum(1), design_effect=design)
        without = balanced_effect(left, design_effect=design[:, None])
    made = jackknife(full, without, wide.any(-1))
    value, low, high = (np.sqrt(np.clip(part, 0.0, 1.0)) for part in made[:3])
    return Estimate(value, low, high, made.error)


def _divergence(histogram: Ints, reference: str) -> Floats:
    if reference == "others":
        return effects.jensen_shannon(histogram, histogram.sum(0) - histogram)
    return effects.jensen_shannon(histogram[:, 1:])


def _p_values(wide: Ints, reference: str, minimum: int, draws: int, seed: int) -> Floats:
    """Chi-square of each class against the reference, exact-safe; against the others it is that of the 2 x k table."""
    n, cells = wide.sum(-1), wide.shape[-1]
    if reference == "log-uniform":
        return testing.chi_square_p(wide, minimum=minimum, draws=draws, seed=seed)
    total = int(n.sum())
    tested = (n >= minimum) & (total - n >= minimum) & (cells > 1)
    p = np.full(len(n), np.nan)
    if not tested.any():
        return p
    shares = wide.sum(0) / total
    statistic = testing.goodness_of_fit(wide[tested], shares) * total / (total - n[tested])
    sizes = n[tested]
    large = sizes > ASYMPTOTIC_ABOVE
    squares = sizes * (statistic + sizes)
    simulated = testing.monte_carlo_p(squares, np.where(large, 0, sizes), shares, draws=draws, seed=seed)
    p[tested] = np.where(large, chi_square_tail(statistic, cells - 1), simulated)
    return p
