"""Chi-square against given cell shares, for all classes at once, exact-safe for small classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias.testing.given import check_counts, counts_of
from biasscope.bias.testing.monte_carlo import DRAWS, monte_carlo_p

Floats = NDArray[np.float64]
ASYMPTOTIC_ABOVE = 2_000
"""Boxes above which the asymptotic distribution is used: at 64 cells that is 31 boxes a cell, where the nominal .001
is .00105 in truth."""


def chi_square(counts: ArrayLike) -> Floats:
    """Chi-square of counts against equal cells, over the last axis: ``k / n * sum(counts**2) - n``; NaN where n is 0.

    >>> chi_square([[5, 5], [8, 2]]).round(12).tolist()
    [0.0, 3.6]
    """
    table = np.asarray(counts, np.float64)
    n, squares = table.sum(-1), np.einsum("...k,...k->...", table, table)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(n > 0, table.shape[-1] * squares / n - n, np.nan))


def goodness_of_fit(counts: ArrayLike, shares: ArrayLike) -> Floats:
    """Chi-square of counts against cell shares (broadcast), over the last axis; NaN where n is 0."""
    table, expected = np.asarray(counts, np.float64), np.asarray(shares, np.float64)
    n = table.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(n > 0, (table**2 / expected).sum(-1) / n - n, np.nan))


def chi_square_p(
    counts: ArrayLike,
    *,
    minimum: int = 1,
    draws: int = DRAWS,
    again: int = 0,
    seed: int = 0,
    asymptotic_above: int = ASYMPTOTIC_ABOVE,
) -> Floats:
    """p-values of uniform cells, one a row.

    Up to ``asymptotic_above`` boxes from the Monte-Carlo null of that very n, since the asymptotic one is badly
    anti-conservative in the tail where a correction over 1000 classes lives; above from the chi-square distribution
    with k - 1 degrees of freedom.

    Parameters
    ----------
    counts
        Counts, shape ``(classes, cells)``.
    minimum
        Classes with fewer boxes are not tested: NaN, which :func:`adjust` leaves out of the family.
    draws
        Monte-Carlo replicates B.
    again
        Replicates of a second stage for the smallest p-values, as in :func:`monte_carlo_p`.
    seed
        Seed of the Monte-Carlo null.
    asymptotic_above
        Largest n that is simulated.

    Raises
    ------
    UsageError
        For anything but a table, or counts below 0.

    Examples
    --------
    >>> p = chi_square_p([[25, 25, 25, 25], [70, 10, 10, 10], [2, 0, 0, 0]], minimum=10)
    >>> bool(p[0] > 0.9), bool(p[1] < 0.001), bool(np.isnan(p[2]))
    (True, True, True)
    """
    table = counts_of(counts, "classes", "cells")
    check_counts(table)
    n, cells = table.sum(-1), table.shape[-1]
    tested = n >= max(minimum, 1)
    p = np.full(len(n), np.nan)
    small = tested & (n <= asymptotic_above)
    if small.any():
        squares = cells * (table[small].astype(np.float64) ** 2).sum(-1)
        p[small] = monte_carlo_p(squares, n[small], np.full(cells, 1 / cells), draws=draws, again=again, seed=seed)
    large = tested & ~small
    if large.any():
        p[large] = chi_square_tail(chi_square(table[large]), cells - 1)
    return p


def chi_square_tail(statistic: ArrayLike, degrees: int) -> Floats:
    """Upper tail of the chi-square distribution."""
    from scipy.special import chdtrc  # here: importing it costs start-up that not every command needs

    return np.asarray(chdtrc(degrees, np.asarray(statistic, np.float64)), np.float64)
