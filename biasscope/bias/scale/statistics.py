"""All scale statistics of every class as arrays, from counts alone.

Apparent scale is the square root of a box's share of the frame's area, counted in bins of a quarter octave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biasscope.bias import testing
from biasscope.bias.counting.counts import BoxCounts
from biasscope.bias.jackknife import Estimate
from biasscope.bias.scale.differences import divergence, effect_of, p_values
from biasscope.bias.scale.histograms import Floats, Ints, effective_bins, merge, merged_bins, quantile, thirds
from biasscope.core.errors import UsageError

REFERENCES = ("others", "log-uniform")


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
        Perplexity, corrected for few boxes: how many bins the histogram would fill evenly; with intervals.
    median
        Median of the pooled set with interval, one value.
    effect, js
        Difference from the reference without what chance adds: Cramér's V at equal weight, and Jensen-Shannon bits.
    p, q
        Test against the reference, and corrected over the classes tested; NaN where not tested.
    again
        Draws of the second stage of the test; 0 where the first is enough for a lone rejection.
    """

    histogram: Ints
    quantiles: Floats
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
    clustered = counts.settings.per_image == "all"
    return Scales(
        histogram=histogram,
        quantiles=np.stack([quantile(counts.fine_scale, share) for share in (0.1, 0.5, 0.9)], -1),
        effective_bins=effective_bins(counts.scale, clustered=clustered),
        median=_median(counts.pooled_scale.sum(0), int(counts.images[-1])),
        effect=effect_of(wide, reference, clustered=clustered),
        js=divergence(classes, reference, clustered=clustered),
        p=p,
        q=testing.adjust(p, correction),
        again=again,
    )


def _median(fine: Ints, independent: int, *, level: float = 0.95) -> Estimate:
    """Median of the pooled set, between the order statistics of so many independent boxes: as many as images."""
    from scipy.special import ndtri

    reach = float(ndtri((1 + level) / 2)) / (2 * np.sqrt(max(independent, 1)))
    value, low, high = (quantile(fine[None], float(np.clip(0.5 + side * reach, 0, 1))) for side in (0, -1, 1))
    return Estimate(value, low, high, np.full(1, np.nan))
