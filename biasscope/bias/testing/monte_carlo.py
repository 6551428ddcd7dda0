"""Monte-Carlo null of the chi-square statistic: one pass over growing samples serves every class size.

The null of a binned test depends on the number of boxes alone. So a replicate is not one sample but a sequence that
grows box by box; the sum of squared counts grows by 2c + 1 when a box falls in a cell that holds c. Every class size
met on the way is read off the same sequences.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from biasscope.bias.testing.corrections import draws_needed
from biasscope.bias.testing.given import check_counts
from biasscope.core.errors import UsageError
from biasscope.core.randomness import generator

Floats = NDArray[np.float64]
DRAWS = 19_999
MOST_DRAWS = 2_000_000
EXCEEDING = 10
"""A class with at least this many draws at or beyond it is not drawn again."""
CHUNK = 4_000
BLOCK = 32
STEPS_WORTH_A_HISTOGRAM = 24
BOXES_WORTH_A_CELL = 50
"""Boxes to draw, for each cell, from which on one binomial number a cell takes less time than all of them."""
TIE = 1e-9
FEW = 6
"""Classes of one size up to which each is held against all draws sooner than these are sorted."""


def monte_carlo_p(
    squares: ArrayLike,
    sizes: ArrayLike,
    shares: ArrayLike,
    *,
    draws: int = DRAWS,
    again: int = 0,
    seed: int = 0,
) -> Floats:
    """Monte-Carlo p-values ``(b + 1) / (B + 1)`` of weighted sums of squared counts, many classes at once.

    The p-values are valid (never anti-conservative) for every class by itself. Classes of the same size share their
    null, as they would share a printed table.

    With a second stage, p is the second one's where the first came out at or below a threshold t, else the first's. It
    stays valid: for ``x < t``, p <= x needs the second p <= x, which has probability x at most; for ``x >= t``,
    p <= x needs the first p <= x, since it is at most t where it gives way.

    Parameters
    ----------
    squares
        Observed ``sum(counts**2 / shares)``, one a class. chi-square is ``squares / n - n``.
    sizes
        Number of boxes n, one a class; 0 gives NaN.
    shares
        Null probability of each cell (drawn with a resolution of 2**-16).
    draws
        B. A lone discovery among m classes at level alpha needs B + 1 >= m / alpha.
    again
        B of a second, fresh null for the classes with fewer than ``EXCEEDING`` draws at or beyond them; 0 for none.
        See :func:`draws_again`.
    seed
        Seed of the null; same seed, same p.

    Raises
    ------
    UsageError
        For other numbers of sums than of sizes, and shares that are no probabilities above 0.

    Examples
    --------
    Four boxes in one of four cells: the chance is 4 * (1/4)**4 = 1/64.

    >>> p = monte_carlo_p([16 * 4], [4], [0.25] * 4)
    >>> abs(float(p[0]) - 1 / 64) < 0.004
    True
    """
    observed, n = np.asarray(squares, np.float64), np.asarray(sizes, np.int64)
    weights = 1 / _checked(observed, n, np.asarray(shares, np.float64))
    p = _drawn_p(observed, n, weights, draws, generator(seed, "monte-carlo chi-square"))
    rare = np.flatnonzero(p * (draws + 1) <= EXCEEDING + 0.5)  # whole numbers but for rounding
    if again and len(rare):
        second = generator(seed, "monte-carlo chi-square, second stage")
        p[rare] = _drawn_p(observed[rare], n[rare], weights, again, second)
    return p


def _checked(observed: Floats, n: NDArray[np.int64], shares: Floats) -> Floats:
    if observed.ndim != 1 or observed.shape != n.shape:
        raise UsageError(f"sums of the shape {observed.shape} for sizes of {n.shape}", hint="One of each a class.")
    check_counts(n)
    if shares.ndim != 1 or shares.min(initial=1) <= 0 or abs(shares.sum() - 1) > 1e-6:
        raise UsageError("shares must be probabilities above 0 that sum to 1", hint="One a cell.")
    return shares


def draws_again(draws: int, family: int, alpha: float, correction: str) -> int:
    """Draws of the second stage: what a lone discovery needs, ``MOST_DRAWS`` at most; 0 where ``draws`` are enough.

    >>> draws_again(19_999, 1000, 0.05, "bh"), draws_again(19_999, 2000, 0.05, "bh"), draws_again(99, 10**7, 0.05, "bh")
    (0, 39999, 2000000)
    """
    needed = draws_needed(family, alpha, correction)
    return min(needed, MOST_DRAWS) if needed > draws else 0


def _drawn_p(observed: Floats, n: NDArray[np.int64], weights: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """``(b + 1) / (B + 1)`` from one null; NaN where n is 0."""
    rows_of = {int(size): np.flatnonzero(n == size) for size in np.unique(n[n > 0])}
    exceeding = np.zeros(len(n), np.int64)
    random = _SixteenBits(rng)
    for start in range(0, draws, CHUNK):
        width = min(CHUNK, draws - start)
        for size, null in _growing(random, width, list(rows_of), weights):
            rows = rows_of[size]
            exceeding[rows] += _reached(null, observed[rows] * (1 - TIE))
    return np.where(n > 0, (exceeding + 1) / (draws + 1), np.nan)


def _reached(null: Floats, observed: Floats) -> NDArray[np.int64]:
    """How many draws of the null lie at or beyond each observed value."""
    if len(observed) <= FEW:
        return np.asarray((null >= observed[:, None]).sum(1))
    return len(null) - np.searchsorted(np.sort(null), observed, "left")


def _growing(random: _SixteenBits, width: int, sizes: list[int], weights: Floats) -> Iterator[tuple[int, Floats]]:
    """Sums of squares of ``width`` growing samples, each time they reach one of ``sizes`` (ascending)."""
    cells, even = len(weights), bool(np.all(weights == weights[0]))
    lookup = _lookup(1 / weights)
    counts = np.zeros(width * cells, np.uint16 if max(sizes, default=0) < 1 << 15 else np.int64)
    squares, base, reached = np.zeros(width), np.arange(width) * cells, 0
    one = counts.dtype.type(1)
    for size in sizes:
        gap, reached = size - reached, size
        if gap > STEPS_WORTH_A_HISTOGRAM:
            if gap > BOXES_WORTH_A_CELL * cells:
                np.add(counts, random.multinomial(gap, 1 / weights, width).ravel(), out=counts, casting="unsafe")
                gap = 0
            for block in range(0, gap, BLOCK):
                drawn = _drawn(random, lookup, min(BLOCK, gap - block), base)
                np.add.at(counts, drawn.ravel(), one)
            table = counts.reshape(width, cells).astype(np.float64)
            squares = np.einsum("bk,bk,k->b", table, table, weights)
        else:
            grown = np.zeros(width)
            for at in _drawn(random, lookup, gap, base):
                held = counts[at]
                counts[at] = held + one
                grown += held if even else (2 * held + one) * weights[at - base]
            squares = squares + ((2 * grown + gap) * weights[0] if even else grown)
        yield size, squares


def _drawn(
    random: _SixteenBits, lookup: NDArray[np.uint16] | int, boxes: int, base: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Flat index of the cell each next box falls in, one row a box."""
    raw = random(boxes * len(base)).reshape(boxes, len(base))
    drawn = np.empty(raw.shape, np.int64)
    drawn[:] = raw >> lookup if isinstance(lookup, int) else lookup.take(raw)
    drawn += base
    return drawn


class _SixteenBits:
    """Numbers as ``random.integers(0, 1 << 16, size, np.uint16)`` gives them, several from a word: the same, sooner.

    A word of 64 bits holds four, the lowest bits first. Once a request does not fill its last word, numpy has to keep
    account of the half word that is left over, and gives the words of 32 bits from then on.
    """

    def __init__(self, random: np.random.Generator) -> None:
        self._random, self._whole = random, True

    def __call__(self, size: int) -> NDArray[np.uint16]:
        self._whole = self._whole and size % 4 == 0
        if self._whole:
            words = self._random.bit_generator.random_raw(size // 4).astype("<u8", copy=False)
        else:
            words = self._random.integers(0, 1 << 32, (size + 1) // 2, np.uint32).astype("<u4", copy=False)
        return np.asarray(words.view("<u2")[:size])

    def multinomial(self, boxes: int, shares: Floats, size: int) -> NDArray[np.int64]:
        """Counts of boxes in cells, shape ``(size, cells)``."""
        return np.asarray(self._random.multinomial(boxes, shares / shares.sum(), size), np.int64)


def _lookup(shares: Floats) -> NDArray[np.uint16] | int:
    """Cell of each number of 16 bits; for even cells, as many as a power of two, the bits to drop: the same, sooner."""
    cells = len(shares)
    if np.all(shares == shares[0]) and cells & (cells - 1) == 0:
        return 17 - cells.bit_length()
    edges = np.rint(np.cumsum(shares / shares.sum()) * (1 << 16)).astype(np.int64)
    return np.repeat(np.arange(len(shares), dtype=np.uint16), np.diff(edges, prepend=0))
