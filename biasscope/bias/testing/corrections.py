"""Corrections for many tests: of the family-wise error (Holm) and of false discoveries (Benjamini with coauthors)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.core.errors import UsageError

CORRECTIONS = ("bh", "by", "holm", "none")


def adjust(p: ArrayLike, method: str = "bh") -> NDArray[np.float64]:
    """Adjusted p-values over one family; tests that were not made (NaN or None) are left out of the family.

    Parameters
    ----------
    p
        p-values of the family, one-dimensional. NaN marks a class that was not tested: it does not count in the
        family size m and stays NaN.
    method
        ``bh`` (Benjamini & Hochberg 1995: false discovery rate, valid under independence and positive dependence),
        ``by`` (Benjamini & Yekutieli 2001: under any dependence), ``holm`` (Holm 1979: family-wise error) or ``none``.

    Returns
    -------
    NDArray
        q, same shape: rejecting where ``q <= alpha`` controls the error at alpha.

    Raises
    ------
    UsageError
        For an unknown method, or a p outside [0, 1].

    Examples
    --------
    >>> adjust([0.01, 0.02, float("nan"), 0.5]).round(3).tolist()
    [0.03, 0.03, nan, 0.5]
    """
    if method not in CORRECTIONS:
        raise UsageError(f"no correction is called {method!r}", hint=f"There are: {', '.join(CORRECTIONS)}.")
    values = np.asarray(p, dtype=np.float64)
    made = ~np.isnan(values)
    if ((values[made] < 0) | (values[made] > 1)).any():
        raise UsageError("p-values must lie between 0 and 1", hint="NaN marks a test that was not made.")
    adjusted = np.full(values.shape, np.nan)
    if made.any():
        adjusted[made] = _adjust_made(values[made], method)
    return adjusted


def draws_needed(family: int, alpha: float, method: str = "bh") -> int:
    """Draws B with which the smallest p, ``1 / (B + 1)``, of one test among ``family`` passes the correction alone.

    ``B + 1 >= family / alpha``, times the harmonic sum for Benjamini-Yekutieli.

    >>> draws_needed(1000, 0.05), draws_needed(1000, 0.05, "by"), draws_needed(1000, 0.05, "none")
    (19999, 149709, 19)
    """
    tests = max(family, 1)
    penalty = _harmonic(tests) if method == "by" else 1 / tests if method == "none" else 1.0
    needed = int(np.ceil(round(tests * penalty / alpha, 6))) - 1
    return needed + int(1 / (needed + 1) * tests * penalty > alpha)  # where the last digit would decide


def _harmonic(tests: int) -> float:
    return float((1 / np.arange(1, tests + 1)).sum())


def _adjust_made(p: NDArray[np.float64], method: str) -> NDArray[np.float64]:
    if method == "none":
        return p
    order, m = np.argsort(p, kind="stable"), len(p)
    rank = np.arange(1, m + 1)
    if method == "holm":
        ascending = np.maximum.accumulate(p[order] * (m - rank + 1))
    else:
        penalty = _harmonic(m) if method == "by" else 1.0
        ascending = np.minimum.accumulate((p[order] * m * penalty / rank)[::-1])[::-1]
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(ascending, 1.0)
    return adjusted
