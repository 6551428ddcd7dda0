"""Monte-Carlo null of the chi-square of a 2 x k table given both of its margins, which nothing then need be estimated.

Drawing a class from the pooled shares, as :func:`biasscope.bias.testing.monte_carlo_p` does, leaves out that the shares
hold the class itself. For a small part of the whole that errs on the safe side; for most of it, p would be far too
small, as then nearly all that is random is in the few others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias.testing.given import check_counts, counts_of
from biasscope.bias.testing.monte_carlo import CHUNK, DRAWS, EXCEEDING, TIE
from biasscope.core.randomness import generator

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST_BOXES = 10**9
"""Boxes from which on numpy draws no hypergeometric numbers; those drawn with replacement are the same by then."""


def table_p(row: ArrayLike, both: ArrayLike, *, draws: int = DRAWS, again: int = 0, seed: int = 0) -> float:
    """p-value ``(b + 1) / (B + 1)`` of the 2 x k table of a row and the rest of ``both``; the same for either row.

    Parameters
    ----------
    row
        Counts of one row, of length k.
    both
        Counts of both rows together.
    draws, again, seed
        As in :func:`biasscope.bias.testing.monte_carlo_p`.

    Raises
    ------
    UsageError
        For counts below 0, or a row with more of a cell than both have.

    Examples
    --------
    Two of two against none of two: one table in choose(4, 2) = 6 is like this one and one is its mirror.

    >>> abs(table_p([2, 0], [2, 2]) - 2 / 6) < 0.02, table_p([2, 0], [2, 2]) == table_p([0, 2], [2, 2])
    (True, True)
    """
    counts, total = (np.asarray(counts_of(given, "cells"), np.int64) for given in (row, both))
    check_counts(counts, total)
    smaller = counts if 2 * counts.sum() <= total.sum() else total - counts
    held = total > 0
    smaller, total = smaller[held], total[held]
    p = _drawn_p(smaller, total, draws, generator(seed, "monte-carlo 2 x k"))
    if again and p * (draws + 1) <= EXCEEDING + 0.5:
        p = _drawn_p(smaller, total, again, generator(seed, "monte-carlo 2 x k, second stage"))
    return p


def _drawn_p(row: Ints, total: Ints, draws: int, random: np.random.Generator) -> float:
    """The row with the sum of squares by the total: chi-square is linear in it where both margins are given."""
    observed, exceeding = float((row**2 / total).sum()) * (1 - TIE), 0
    for start in range(0, draws, CHUNK):
        null = _rows(int(row.sum()), total, min(CHUNK, draws - start), random)
        exceeding += int(np.count_nonzero((null**2 / total).sum(1) >= observed))
    return (exceeding + 1) / (draws + 1)


def _rows(boxes: int, total: Ints, draws: int, random: np.random.Generator) -> Ints:
    if int(total.sum()) < MOST_BOXES:
        return random.multivariate_hypergeometric(total, boxes, size=draws, method="marginals")
    return random.multinomial(boxes, total / total.sum(), size=draws)
