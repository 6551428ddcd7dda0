"""How far a class differs in scale from the reference: effect, divergence in bits, and test."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from biasscope.bias import testing
from biasscope.bias.distances import jensen_shannon_interval
from biasscope.bias.grouped import design_effect_of
from biasscope.bias.jackknife import Estimate, jackknife, leave_one_out
from biasscope.bias.scale.histograms import Floats, Ints
from biasscope.bias.testing.chi_square import ASYMPTOTIC_ABOVE, chi_square_tail
from biasscope.core.binomial import unseen


def balanced_effect(counts: ArrayLike, other: ArrayLike | None = None, *, design_effect: ArrayLike = 1.0) -> Floats:
    """Bias-corrected squared Cramér's V of two rows of counts at equal weight, over the last axis.

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


def effect_of(wide: Ints, reference: str, images: Ints | None = None) -> Estimate:
    """Cramér's V of each class against the reference, with intervals; ``images``: those that boxes share."""
    left, counts = leave_one_out(wide), wide.sum(1)
    design = design_effect_of(wide, images)
    others = counts.sum(0) - counts if reference == "others" else None
    without = balanced_effect(left, None if others is None else left.sum(0) - left, design_effect=design[:, None])
    full = balanced_effect(counts, others, design_effect=design)
    made = jackknife(full, without, wide.any(-1))
    # Bins that either leaves empty vary less than the correction takes off, of an effect that is told from none; and
    # boxes that all share a bin may have missed some of the law.
    seen = balanced_effect(counts, others, design_effect=0.0) - _added(counts, others, design)
    high = np.where(made.low > 0, made.high + np.fmax(seen - full, 0.0), made.high)
    missed = full * (1 - unseen(np.maximum(counts.sum(-1) / design, 1))) ** 2
    low = np.where((counts > 0).sum(-1) == 1, np.minimum(made.low, missed), made.low)
    value, low, high = (np.sqrt(np.clip(part, 0.0, 1.0)) for part in (made.value, low, high))
    return Estimate(value, low, high, made.error)


def _added(counts: Ints, other: Ints | None, design: Floats) -> Floats:
    """What chance adds to the distance where these counts are the laws themselves, by its second derivatives."""
    reference = np.ones(counts.shape[-1]) if other is None else other
    n, m = (part.sum(-1, keepdims=True) for part in (counts, reference))
    with np.errstate(divide="ignore", invalid="ignore"):
        q, r = counts / n, reference / m
        varies = r**2 * q * (1 - q) / n + (0.0 if other is None else q**2 * r * (1 - r) / m)
        return np.asarray(2 * design * np.nansum(varies / (q + r) ** 3, -1))


def divergence(groups: Ints, reference: str, images: Ints | None = None) -> Estimate:
    """Jensen-Shannon divergence of each class from the reference in bits, with intervals; as :func:`effect_of`."""
    against = groups.sum(0) - groups if reference == "others" else None
    groups = groups if reference == "others" else groups[..., 1:]
    worth = groups.sum((1, 2)) / design_effect_of(groups, images)
    return jensen_shannon_interval(groups, against, boxes=worth)


def p_values(wide: Ints, reference: str, minimum: int, draws: int, again: int, seed: int) -> Floats:
    """Chi-square of each class against the reference, exact-safe; against the others it is that of the 2 x k table."""
    if reference == "log-uniform":
        return testing.chi_square_p(wide, minimum=minimum, draws=draws, again=again, seed=seed)
    return _against_others(wide, minimum, draws, again, seed)


def _against_others(wide: Ints, minimum: int, draws: int, again: int, seed: int) -> Floats:
    """A class that is most of the boxes, and both of two, by the smaller side of the table given its margins."""
    n, cells = wide.sum(-1), wide.shape[-1]
    both, total = wide.sum(0), int(n.sum())
    tested = (n >= minimum) & (total - n >= minimum) & (cells > 1)
    p = np.full(len(n), np.nan)
    if not tested.any():
        return p
    shares = both / total
    statistic = testing.goodness_of_fit(wide[tested], shares) * total / (total - n[tested])
    sizes = n[tested]
    large = np.minimum(sizes, total - sizes) > ASYMPTOTIC_ABOVE
    most = ~large & ((2 * sizes >= total) | (np.count_nonzero(n) == 2))
    squares, drawn = sizes * (statistic + sizes), np.where(large | most, 0, sizes)
    simulated = testing.monte_carlo_p(squares, drawn, shares, draws=draws, again=again, seed=seed)
    simulated[most] = [testing.table_p(row, both, draws=draws, again=again, seed=seed) for row in wide[tested][most]]
    p[tested] = np.where(large, chi_square_tail(statistic, cells - 1), simulated)
    return p
