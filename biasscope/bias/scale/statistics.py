"""All scale statistics of every class as arrays, from counts alone.

Apparent scale is the square root of a box's share of the frame's area, counted in bins of a quarter octave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biasscope.bias import testing
from biasscope.bias.counting.counts import BoxCounts
from biasscope.bias.jackknife import Estimate
from biasscope.bias.medians import below_share, order_places
from biasscope.bias.scale.differences import divergence, effect_of, p_values
from biasscope.bias.scale.histograms import Floats, Ints, effective_bins, merge, merged_bins, quantiles, thirds
from biasscope.bias.shares import hashed_tosses
from biasscope.core.errors import UsageError

REFERENCES = ("others", "log-uniform")
SHARES = (0.1, 0.5, 0.9)
"""Of the boxes that are smaller than the quantiles that are told."""


@dataclass(frozen=True)
class Scales:
    """Scale statistics, one value a class (and a last one for the pooled set where that makes sense).

    Attributes
    ----------
    histogram
        ``(classes + 1, 25)`` counts, pooled last.
    q10, q90
        Tenth and nine tenths, with their intervals.
    effective_bins
        Perplexity, corrected for few boxes: how many bins the histogram would fill evenly; with intervals.
    median
        Median with its interval.
    effect, js
        Difference from the reference without what chance adds: Cramér's V at equal weight, and Jensen-Shannon bits.
    p, q
        Test against the reference, and corrected over the classes tested; NaN where not tested.
    again
        Draws of the second stage of the test; 0 where the first is enough for a lone rejection.
    """

    histogram: Ints
    q10: Estimate
    q90: Estimate
    effective_bins: Estimate
    median: Estimate
    effect: Estimate
    js: Estimate
    p: Floats
    q: Floats
    again: int


def scales(
    counts: BoxCounts,
    *,
    reference: str = "others",
    alpha: float = 0.05,
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
    family = int((wide.sum((1, 2)) >= minimum).sum())
    again = testing.draws_again(draws, family, alpha, correction)
    p = p_values(wide.sum(1), reference, minimum, draws, again, seed)
    images = counts.shared_images
    each = None if images is None else images[:-1]
    q10, median, q90 = _quantiles(counts)
    return Scales(
        histogram=histogram,
        q10=q10,
        q90=q90,
        effective_bins=effective_bins(counts.scale, images),
        median=median,
        effect=effect_of(wide, reference, each),
        js=divergence(classes, reference, each),
        p=p,
        q=testing.adjust(p, correction),
        again=again,
    )


def _quantiles(counts: BoxCounts) -> list[Estimate]:
    """Quantiles of ``SHARES`` between the order statistics of as many tosses as boxes are worth.

    The bounds of a tenth that few boxes cannot give are those of scale itself, 0 and 1.
    """
    n, made = counts.fine_scale.sum(-1), list[Estimate]()
    for share in SHARES:
        places = order_places(_tosses(counts, share) if counts.settings.per_image == "all" else n, n, share=share)
        value, low, high = quantiles(counts.fine_scale, np.vstack([np.full(len(n), share), places]).T).T
        if share != 0.5:
            known = np.isfinite(low) | np.isfinite(high)
            low, high = (np.where(known & np.isnan(part), end, part) for part, end in ((low, 0.0), (high, 1.0)))
        made.append(Estimate(value, low, high, np.full(len(n), np.nan)))
    return made


def _tosses(counts: BoxCounts, share: float) -> Floats:
    return hashed_tosses(below_share(counts.scale, share), counts.scale.sum(-1), counts.images)
