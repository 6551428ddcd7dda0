"""Effect sizes of non-uniform placement, for all classes at once. Classes are ranked by these, never by p.

Convention
----------
``counts`` holds equal cells of the unit interval or square along its last axis; any leading axes are classes (and
groups). A class without boxes gives NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias.jackknife import Estimate, jackknife, leave_one_out
from biasscope.bias.testing.chi_square import chi_square
from biasscope.bias.testing.given import check_counts, counts_of
from biasscope.bias.testing.levels import check_level
from biasscope.core.binomial import unseen, upper_bound

Floats = NDArray[np.float64]


def squared_effect(counts: ArrayLike) -> Floats:
    """Bias-corrected squared effect ``(chi2 - (k - 1)) / n / (k - 1)``: null mean 0, may be negative.

    >>> squared_effect([[10, 0, 0, 0]]).round(6).tolist()
    [0.9]
    """
    table = counts_of(counts)
    check_counts(table)
    return _squared(table)


def _squared(table: NDArray[Any]) -> Floats:
    spare = table.shape[-1] - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((chi_square(table) - spare) / table.sum(-1) / spare)


def cramers_v(counts: ArrayLike) -> Floats:
    """Bias-corrected Cramér's V against equal cells, in [0, 1): 0 uniform, 1 everything in one cell.

    The plain V has null mean about 1/sqrt(n), which would rank small classes first.

    >>> cramers_v([[5, 5], [500, 500], [900, 100]]).round(3).tolist()
    [0.0, 0.0, 0.799]
    """
    return np.sqrt(np.maximum(squared_effect(counts), 0.0))


def cramers_v_interval(groups: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Bias-corrected Cramér's V with its jackknife interval.

    The interval is made for the squared effect, which is smooth at 0, and its root taken: see :func:`rooted`. It
    reaches to what one cell alone may hold of the law: see :func:`one_cell`. One box gives NaN. In simulations
    (nineteen laws, 3 to 1000 boxes) the 95 % intervals hold the truth in 91 to 100 % of the classes, and in 89 to 94 %
    where all boxes lie in two cells.

    Parameters
    ----------
    groups
        Counts, shape ``(classes, groups, cells)``.
    level
        Confidence level.

    Raises
    ------
    UsageError
        For another shape, counts below 0, or a level outside (0, 1).

    Examples
    --------
    Ten boxes in ten of 64 cells: there may be none, and a third of the law may lie in one cell of which one box tells.

    >>> made = cramers_v_interval(np.eye(10, 64, dtype=int)[None])
    >>> made.value.item(), made.low.item(), made.high.round(3).item()
    (0.0, 0.0, 0.385)
    """
    check_level(level)
    table = counts_of(groups, "classes", "groups", "cells")
    n = table.sum((1, 2))
    full = np.where(n > 1, squared_effect(table.sum(1)), np.nan)  # one box has no other to agree with: always 0
    made = jackknife(full, _squared(leave_one_out(table)), table.any(-1), level=level)
    # The most that n boxes can show is (n - 1) / n; and boxes that all agree may have missed some of the law.
    alike = (table.sum(1) > 0).sum(-1) == 1
    missed = full * (1 - unseen(np.maximum(n, 1), level)) ** 2
    low = np.where(alike, np.minimum(made.low, missed), made.low)
    high = np.where(full > 0, made.high * n / np.maximum(n - 1, 1), made.high)
    fullest = upper_bound(table.sum(1).max(-1) / np.maximum(n, 1), n, 1 - level)
    made = made._replace(low=low, high=np.maximum(high, one_cell(fullest, table.shape[-1])))
    return rooted(made, n * (n - 1) / 2, table.shape[-1], level=level)


def one_cell(share: ArrayLike, cells: int) -> Floats:
    """Squared effect of a law of which one of k cells holds a share, and the others the rest; 0 for less than 1/k.

    Of few boxes most draws hold no two in a cell that a third of the law lies in: the share that the fullest cell may
    have bounds the effect where pairs of boxes do not.

    >>> one_cell([0.0, 0.25, 1.0], 4).tolist()
    [0.0, 0.0, 1.0]
    """
    above = np.maximum(np.asarray(share, np.float64) - 1 / cells, 0.0)
    return np.asarray((above * cells / (cells - 1)) ** 2)


def rooted(squared: Estimate, pairs: ArrayLike, cells: int, *, level: float = 0.95) -> Estimate:
    """Cramér's V and its interval from the squared effect and the jackknife interval of it.

    A few boxes in as many cells are in other cells whichever is left out, so that the jackknife sees no variance. The
    upper bound is therefore at least what chance allows a class without effect, ``z sqrt(1 / ((k - 1) pairs))``: two
    boxes share a cell with probability 1/k, and under uniform placement these events are uncorrelated between pairs.

    Parameters
    ----------
    squared
        Squared effect, one value a class.
    pairs
        Pairs of boxes that it compares, one number a class.
    cells
        Number k of cells.
    level
        Confidence level.

    Examples
    --------
    Ten boxes in ten of 64 cells, of which the jackknife sees no variance:

    >>> rooted(Estimate(*np.zeros((4, 1))), 45, 64).high.round(3).item()
    0.192
    """
    from scipy.special import ndtri

    with np.errstate(divide="ignore", invalid="ignore"):
        chance = ndtri((1 + level) / 2) * np.sqrt(1 / ((cells - 1) * np.asarray(pairs, np.float64)))
    within = squared.value <= chance
    high = np.where(within, np.maximum(squared.high, np.maximum(squared.value, 0) + chance), squared.high)
    value, low, high = (np.sqrt(np.clip(part, 0.0, 1.0)) for part in (squared.value, squared.low, high))
    return Estimate(value, low, high, squared.error)


def jensen_shannon(counts: ArrayLike, other: ArrayLike | None = None) -> Floats:
    """Jensen-Shannon divergence in bits, in [0, 1]: of counts from equal cells, or from other counts (broadcast).

    Not corrected for sample size: expect about ``(k - 1) / (8 n ln 2)`` from chance alone against equal cells.

    >>> jensen_shannon([[1, 1], [1, 0]], [[2, 2], [0, 3]]).tolist()
    [0.0, 1.0]
    """
    table = np.asarray(counts, np.float64)
    check_counts(table)
    reference = np.ones(table.shape[-1]) if other is None else np.asarray(other, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        p, q = table / table.sum(-1, keepdims=True), reference / reference.sum(-1, keepdims=True)
    middle = entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2
    return np.asarray(np.clip(middle, 0.0, 1.0))


def entropy(shares: ArrayLike) -> Floats:
    """Shannon entropy in bits over the last axis.

    >>> entropy([0.5, 0.5]).item()
    1.0
    """
    p = np.asarray(shares, np.float64)
    return np.asarray(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(-1))


def wasserstein_uniform(values: ArrayLike) -> float:
    """Wasserstein-1 distance of values on [0, 1] from U(0, 1), exactly, in [0, 1/2].

    Raises
    ------
    UsageError
        For a table of values: call it for each row or column.

    Examples
    --------
    >>> wasserstein_uniform([0.5])
    0.25
    """
    ordered = np.sort(counts_of(values, "values", of="values").astype(np.float64))
    n = len(ordered)
    if n == 0:
        return float("nan")
    low, high = np.arange(n) / n - ordered, np.arange(1, n + 1) / n - ordered
    return float((high * np.abs(high) - low * np.abs(low)).sum() / 2)


def wasserstein_uniform_binned(counts: ArrayLike) -> Floats:
    """Wasserstein-1 distance from U(0, 1) of values spread evenly within K equal bins; off by at most 1 / 2K.

    >>> wasserstein_uniform_binned([[1, 1], [2, 0]]).tolist()
    [0.0, 0.25]
    """
    table = np.asarray(counts, np.float64)
    check_counts(table)
    bins = table.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        after = np.cumsum(table, -1) / table.sum(-1, keepdims=True) - np.arange(1, bins + 1) / bins
    before = np.concatenate([np.zeros((*after.shape[:-1], 1)), after[..., :-1]], -1)
    reach = np.abs(before) + np.abs(after)
    crossing = before * after < 0
    with np.errstate(invalid="ignore", divide="ignore"):
        area = np.where(crossing, (before**2 + after**2) / reach, reach) / 2
    return np.asarray(area.sum(-1) / bins)


def displacement(n: ArrayLike, total: ArrayLike) -> Floats:
    """``mean(u) - 1/2`` from sums, in [-1/2, 1/2]: positive is right (u) or down (v).

    >>> displacement([4], [3.0]).tolist()
    [0.25]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.asarray(total, np.float64) / np.asarray(n, np.float64) - 0.5)


def concentration(n: ArrayLike, total: ArrayLike, squares: ArrayLike) -> Floats:
    """``12 var(u)`` from sums: 1 uniform, below 1 gathered, above 1 pushed apart, at most 3 n / (n - 1).

    The variance is taken about the class's own mean with divisor n - 1, so that displacement does not enter.

    >>> concentration([2], [1.0], [1.0]).tolist()
    [6.0]
    """
    count, sums = np.asarray(n, np.float64), np.asarray(total, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (np.asarray(squares, np.float64) - sums**2 / count) / (count - 1)
    return np.where(count > 1, 12 * spread, np.nan)


def correlation(
    n: ArrayLike, sum_u: ArrayLike, sum_v: ArrayLike, sum_uu: ArrayLike, sum_vv: ArrayLike, sum_uv: ArrayLike
) -> Floats:
    """Pearson correlation of u and v from sums, in [-1, 1]; NaN where either does not vary.

    >>> correlation([2], [1.0], [1.0], [1.0], [1.0], [1.0]).tolist()
    [1.0]
    """
    count, su, sv, suu, svv, suv = (np.asarray(part, np.float64) for part in (n, sum_u, sum_v, sum_uu, sum_vv, sum_uv))
    with np.errstate(divide="ignore", invalid="ignore"):
        spread_u, spread_v = suu - su**2 / count, svv - sv**2 / count
        varies = (spread_u > 1e-9 * count) & (spread_v > 1e-9 * count)
        r = (suv - su * sv / count) / np.sqrt(np.where(varies, spread_u * spread_v, np.nan))
    return np.clip(r, -1.0, 1.0)
