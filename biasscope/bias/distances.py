"""Distances of classes from an even spread, or from other classes, free of what chance adds to them, with intervals.

Of few boxes any spread looks uneven: ten boxes of an even law over 64 cells show .69 bits on average. So each class is
drawn towards even, ``p(s) = q + s (p - q)``, until as many boxes as it has would be expected to show the distance that
they do show; what is reported is the distance of ``p(s)``. The step from the observed distance to that one is taken for
the jackknife's error too, which does not see what few boxes have missed: the lower bound allows for it. In simulations
(25 laws of placement, 10 to 5000 boxes) the 95 % intervals hold the truth in 91 to 100 % of the classes
(Jensen-Shannon, from an even spread and from others) and in 89 to 99 % (Wasserstein).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias.effects import jensen_shannon, wasserstein_uniform_binned
from biasscope.bias.expected import TINY, bits, expected_bits, expected_deviation
from biasscope.bias.jackknife import Estimate, jackknife, leave_one_out
from biasscope.bias.testing.levels import check_level
from biasscope.core.binomial import unseen, upper_bound

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
STEPS = 4
STRENGTHS, STEP = (0.2, 0.9), 1.1
"""Strengths between which the slope is taken, and the step for it."""
COARSE = 32
FEW, RARE = 3, 0.25
"""Boxes below which a cell is one of few, and share of the boxes in such cells up to which they are taken together."""
AT_ONCE = 64
"""Classes whose groups are left out together: as many as stay in the processor's cache."""


class Spread(NamedTuple):
    """A distance as a function of the strength s of each class, shape ``(classes,)`` in and out.

    Attributes
    ----------
    distance
        Of ``p(s)``.
    expected
        Of as many boxes as the class has, drawn from ``p(s)``: mean of what they show.
    alone
        The same at s = 0: what chance alone shows.
    """

    distance: Callable[[Floats], Floats]
    expected: Callable[[Floats], Floats]
    alone: Floats


def jensen_shannon_interval(
    groups: ArrayLike, other: ArrayLike | None = None, *, boxes: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """Jensen-Shannon divergence in bits, in [0, 1], from equal cells or from other boxes, with its jackknife interval.

    Parameters
    ----------
    groups
        Counts, shape ``(classes, groups, cells)``.
    other
        The same of what each class is compared with, in the same groups of images; equal cells, known exactly, when
        left out.
    boxes
        Independent boxes that each class is worth, shape ``(classes,)``; as many as it has when left out. Of n boxes
        against m others chance shows what it would of n m / (n + m) against cells known exactly.
    level
        Confidence level.

    Raises
    ------
    UsageError
        For counts below 0, or a level outside (0, 1).

    Examples
    --------
    Ten boxes in ten of 64 cells show .67 bits, which chance alone would:

    >>> made = jensen_shannon_interval(np.eye(10, 64, dtype=int)[None])
    >>> jensen_shannon(np.eye(10, 64).sum(0)).round(2).item(), made.value.round(2).item(), made.low.item()
    (0.67, 0.0, 0.0)
    """
    from scipy.special import ndtri

    check_level(level)
    table = np.asarray(groups)
    counts = table.sum(1)
    against = np.ones((1, table.shape[-1]), int) if other is None else np.asarray(other).sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares, reference = (part / part.sum(-1, keepdims=True) for part in (counts, against))
        n, even = _worth(counts, boxes), np.maximum(reference, TINY)
        n = n if other is None else n / (1 + n / against.sum(-1))
        spread = Spread(
            lambda s: bits(_drawn(shares, s, even), even).sum(-1),
            lambda s: expected_bits(_drawn(shares, s, even), n[:, None], even).sum(-1),
            expected_bits(even, n[:, None], even).sum(-1),
        )
        # The divergence is chi-square / (8 n ln 2) where both are small: see effects.rooted for that of chance.
        free = (reference > 0).sum(-1) - 1
        chance = ndtri((1 + level) / 2) * np.sqrt(free / (n * (n - 1) / 2)) / (8 * np.log(2))
        observed, left = jensen_shannon(counts, against), _without_each(table, other)
        few = counts < np.minimum(FEW * counts.sum(-1) / n, counts.max(-1))[:, None]
        least = _rest_evened(counts, even, few, n, level)
        if other is not None:  # where these have more, though there are few boxes in any cell
            least = np.fmin(least, _rest_evened(counts, even, few & (shares <= reference), n, level))
        return _estimate(spread, observed, left, table, n, chance, level, least=least)


def _rest_evened(counts: Ints, even: Floats, few: Bools, n: Floats, level: float) -> Floats:
    """Divergence of a law as near to even as boxes allow; infinite where none of the cells are ``few``.

    Of cells with next to no box each (``few``) not their own shares are known but that of all together: it is taken as
    large as may be, and even among them. Where they hold many boxes, only those without any are taken together.
    """
    total = counts.sum(-1)
    share = np.where(few, counts, 0).sum(-1) / total
    rare = share <= RARE
    together, share = np.where(rare[:, None], few, counts == 0), np.where(rare, share, 0.0)
    rest, among = upper_bound(share, n, 1 - level), np.where(together, even, 0.0)
    law = np.where(together, 0, counts) / total[:, None] * ((1 - rest) / (1 - share))[:, None]
    law += among * (rest / among.sum(-1))[:, None]
    return np.where(among.sum(-1) > 0, bits(law, even).sum(-1), np.inf)


def _without_each(table: Ints, other: ArrayLike | None) -> Floats:
    """Divergence without each group in turn, shape ``(classes, groups)``."""
    both = [table] if other is None else [table, np.asarray(other)]
    parts = zip(*(np.array_split(each, len(table) // AT_ONCE + 1) for each in both), strict=True)
    return np.concatenate([jensen_shannon(*map(leave_one_out, part)) for part in parts])


def wasserstein_interval(
    fine: ArrayLike, groups: ArrayLike, *, boxes: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """Wasserstein-1 distance from U(0, 1), in [0, 1/2], with its jackknife interval.

    Parameters
    ----------
    fine
        Counts in equal bins of the unit interval, shape ``(classes, bins)``.
    groups
        The same by group, in as many bins or fewer, shape ``(classes, groups, bins)``: what the error is taken from.
    boxes, level
        As for :func:`jensen_shannon_interval`.

    Raises
    ------
    UsageError
        For counts below 0, or a level outside (0, 1).

    Examples
    --------
    Three of ten boxes in each of the outer quarters, and all ten in the first:

    >>> groups = np.array([np.tile([[3, 2, 2, 3]], (8, 1)), np.tile([[10, 0, 0, 0]], (8, 1))])
    >>> wasserstein_interval(groups.sum(1), groups).value.round(2).tolist()
    [0.0, 0.38]
    """
    check_level(level)
    table, counts = np.asarray(groups), np.asarray(fine)
    with np.errstate(divide="ignore", invalid="ignore"):
        n, (even, off) = _worth(counts, boxes)[:, None], _deviation(counts)
        observed, left = wasserstein_uniform_binned(counts), wasserstein_uniform_binned(leave_one_out(table))
        seen = np.abs(off).mean(-1)
        finer = np.where(seen > 0, observed / seen, 1.0)  # between the edges that are looked at
        spread = Spread(
            lambda s: s * observed,
            lambda s: finer * expected_deviation(even, s[:, None] * off, n).mean(-1),
            finer * expected_deviation(even, np.zeros(1), n).mean(-1),
        )
        return _estimate(spread, observed, left, table, n[:, 0], spread.alone, level, most=0.5)


def _estimate(
    spread: Spread,
    observed: Floats,
    left: Floats,
    table: Ints,
    n: Floats,
    chance: Floats,
    level: float,
    *,
    least: ArrayLike = np.inf,
    most: float = 1.0,
) -> Estimate:
    """Distance of the strength that explains what was observed, negative where chance alone would show more.

    ``least``: what the lower bound is at most.
    """
    strength = _strength(spread, observed)
    first, second = (step * np.clip(strength, *STRENGTHS) for step in (1.0, STEP))
    rise = spread.expected(second) - spread.expected(first)  # it may fall while there is next to nothing
    slope = (spread.distance(second) - spread.distance(first)) / np.maximum(rise, TINY)
    excess = observed - spread.alone
    value = np.where(excess <= 0, excess * slope, spread.distance(strength))
    filled = table.any(-1)
    middle = np.where(filled, left, 0.0).sum(-1) / filled.sum(-1)
    shown = jackknife(observed, left - middle[:, None] + observed[:, None], filled, level=level)
    reach = shown.high - observed
    # What boxes show is on average more than what there is, so that its upper bound is one of that too.
    high = np.minimum(value + slope * reach, observed + reach)
    high = np.where(value <= chance, np.fmax(high, np.fmax(value, 0.0) + chance), high)
    # A law may leave cells empty, which being drawn towards even fills: the distance may be as large as that seen, less
    # what chance adds to as many boxes from just what was seen.
    kept = observed - np.maximum(spread.expected(np.ones(len(observed))) - observed, 0.0)
    high = np.where(value > chance, np.fmax(high, kept + reach), high)
    low = value - slope * reach
    # Boxes that all agree leave the jackknife nothing to see: this share of the law may have shown none of them.
    # Where others are compared with, it sees what these vary by.
    alike, missed = (reach < TINY) | ((table.sum(1) > 0).sum(-1) == 1), unseen(n, level)
    low = np.where(alike, np.fmin(low, spread.distance(strength * (1 - missed))), low)
    high = np.where(alike, np.fmax(high, observed + missed * most), high)
    low = np.fmin(low, least)
    value, low, high = (np.clip(part, 0.0, most) for part in (value, np.fmin(low, value), np.fmax(high, value)))
    low, high = (np.where(np.isnan(reach), np.nan, part) for part in (low, high))
    return Estimate(value, low, high, slope * shown.error)


def _strength(spread: Spread, observed: Floats) -> Floats:
    """Strength in [0, 1] at which what was observed is expected, by false position in its square."""
    low, high = np.zeros(len(observed)), np.ones(len(observed))
    below, above = spread.alone - observed, spread.expected(high) - observed
    for _ in range(STEPS):
        middle = low - below * (high - low) / (above - below)
        middle = np.clip(np.where(np.isfinite(middle), middle, low), 0.0, 1.0)
        off = spread.expected(np.sqrt(middle)) - observed
        less = off < 0
        low, below = np.where(less, middle, low), np.where(less, off, below)
        high, above = np.where(less, high, middle), np.where(less, above, off)
    return np.asarray(np.sqrt(middle))


def _worth(counts: Ints, boxes: ArrayLike | None) -> Floats:
    return counts.sum(-1).astype(np.float64) if boxes is None else np.maximum(np.asarray(boxes, np.float64), 1.0)


def _drawn(shares: Floats, strength: Floats, even: Floats) -> Floats:
    return even + strength[:, None] * (shares - even)


def _deviation(fine: Ints) -> tuple[Floats, Floats]:
    """Edges between some bins, and how much more of each class lies below each than of an even spread."""
    bins = fine.shape[-1] if fine.shape[-1] % COARSE else COARSE
    coarse = fine.reshape(len(fine), bins, -1).sum(-1)
    even = np.arange(1, bins) / bins
    return even, np.cumsum(coarse, -1)[:, :-1] / coarse.sum(-1, keepdims=True) - even
