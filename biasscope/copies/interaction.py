"""Two transformations at once: does the need multiply?"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from biasscope.copies.law.forms import Floats, SaturatingPower
from biasscope.copies.law.need import CopiesNeeded
from biasscope.core.errors import UsageError


@dataclass(frozen=True)
class Combined:
    """Need of both transformations beside that of each.

    Attributes
    ----------
    first, second, both
        Copies for one transformation, for the other, and for their products.
    to_product, to_product_low, to_product_high
        ``both / (first * second)`` with its bootstrap interval: 1 when the need multiplies; ``None`` where undefined.
    to_sum, to_sum_low, to_sum_high
        ``both / (first + second)``: 1 when the need adds up.
    statement
        What follows, in a sentence.
    """

    first: float
    second: float
    both: float
    to_product: float | None
    to_product_low: float | None
    to_product_high: float | None
    to_sum: float | None
    to_sum_low: float | None
    to_sum_high: float | None
    statement: str


def combine(first: CopiesNeeded, second: CopiesNeeded, both: CopiesNeeded) -> Combined:
    """Compare the copies that both transformations together need with the product and the sum of their own needs.

    Parameters
    ----------
    first, second
        Copies needed for either transformation alone (trained and asked with it alone).
    both
        Copies needed for their product, in all of its versions.

    Returns
    -------
        The number for both beside product and sum of the numbers alone, with the interval of the ratio.

    Examples
    --------
    >>> import numpy as np
    >>> from biasscope.copies import copies_needed
    >>> n = np.array([1, 2, 4, 8, 16])
    >>> accuracy = np.broadcast_to((1 - 0.5 / n)[:, None, None], (5, 3, 20))
    >>> alone = copies_needed(n, accuracy, 0.9)
    >>> combine(alone, alone, alone).statement
    'Both together need 0.2 times the product and 0.5 times the sum of the needs.'
    """
    if min(len(needed.draws) for needed in (first, second, both)) != max(
        len(needed.draws) for needed in (first, second, both)
    ):
        raise UsageError("the three estimates have different numbers of draws")
    product = _ratio(both, first.n * second.n, first.draws * second.draws)
    total = _ratio(both, first.n + second.n, first.draws + second.draws)
    return Combined(first.n, second.n, both.n, *product, *total, _statement(product, total))


@dataclass(frozen=True)
class Surface:
    """Fit over a grid of (n_first, n_second).

    Attributes
    ----------
    separate
        ``top - a n_first^-alpha - b n_second^-beta``: each transformation has a need of its own, so copies multiply.
        Parameters ``top, a, alpha, b, beta``.
    total
        ``top - c (n_first n_second)^-gamma``: only the number of copies counts, whatever they are of. Parameters
        ``top, c, gamma``.
    cv_separate, cv_total
        Root mean squared error at cells that were left out.
    statement
        What follows, in a sentence.
    """

    separate: dict[str, float]
    total: dict[str, float]
    cv_separate: float
    cv_total: float
    statement: str


def surface(copies: NDArray[np.int64], values: Floats) -> Surface:
    """Fit both surfaces and compare them by leaving out one cell after the other.

    Parameters
    ----------
    copies
        Numbers of copies of both transformations, (C, 2).
    values
        Measure in each cell, (C,).

    Returns
    -------
        Both fits, their errors of cross-validation, and what that says in words.

    Examples
    --------
    >>> n = np.array([[i, j] for i in (1, 2, 4, 8) for j in (1, 2, 4)])
    >>> found = surface(n, 0.95 - 0.4 / n[:, 0] - 0.2 / n[:, 1])
    >>> found.statement[:22], abs(found.separate["alpha"] - 1) < 0.1
    ('Each has its own need:', True)
    """
    n = np.asarray(copies, np.float64)
    if n.ndim != 2 or n.shape[1] != 2 or len(n) != len(values) or len(n) < 7:
        raise UsageError(f"a surface needs at least 7 cells of two numbers, got {n.shape} and {len(values)} values")
    top, a, b, alpha, beta = _separate(n, values)
    law = SaturatingPower()
    whole = law.fit(n.prod(1), values[None])
    errors = []
    for cell in range(len(n)):
        rest = np.arange(len(n)) != cell
        t, p, q, r, s = _separate(n[rest], values[rest])
        one = law.fit(n[rest].prod(1), values[rest][None])
        alike = one.top[0] - one.height[0] * law.missing(n[cell].prod(keepdims=True), one.shape)[0, 0]
        errors.append((t - p * n[cell, 0] ** -r - q * n[cell, 1] ** -s - values[cell], alike - values[cell]))
    apart, joint = np.sqrt(np.mean(np.square(errors), 0))
    words = (
        f"Each has its own need: copies of both multiply (left-out error {apart:.3g} against {joint:.3g})."
        if apart < joint
        else f"Only the number of copies counts, whatever they are of (left-out error {joint:.3g} against {apart:.3g})."
    )
    separate = {"top": top, "a": a, "alpha": alpha, "b": b, "beta": beta}
    total = {"top": float(whole.top[0]), "c": float(whole.height[0]), "gamma": float(whole.shape[0, 0])}
    return Surface(separate, total, float(apart), float(joint), words)


EXPONENTS = np.geomspace(0.05, 4, 24)


def _separate(n: Floats, values: Floats) -> tuple[float, float, float, float, float]:
    """Give top <= 1, a, b >= 0, alpha, beta: least squares for each pair of exponents, the best pair taken."""
    pairs = np.stack([grid.ravel() for grid in np.meshgrid(EXPONENTS, EXPONENTS, indexing="ij")], 1)
    missing = n[None] ** -pairs[:, None]
    design = np.concatenate([np.ones((*missing.shape[:2], 1)), -missing], 2)
    ways = ((), (1,), (2,), (1, 2))
    below = [_nonnegative(design, values, held) for held in ways]
    at_one = [_nonnegative(design, values - 1, (0, *held)) + np.array([1.0, 0.0, 0.0]) for held in ways]
    found = np.stack(below + at_one)
    found[..., 1:] = np.where(found[..., 1:] >= 0, found[..., 1:], np.nan)
    found[..., 0] = np.where(found[..., 0] <= 1 + 1e-12, found[..., 0], np.nan)
    errors = np.square(np.einsum("gcp,hgp->hgc", design, found) - values).sum(2)
    way, pair = np.unravel_index(np.nanargmin(errors), errors.shape)
    top, a, b = found[way, pair]
    return float(top), float(a), float(b), float(pairs[pair, 0]), float(pairs[pair, 1])


def _nonnegative(design: Floats, values: Floats, held: tuple[int, ...]) -> Floats:
    """Least squares (G, 3) with some coefficients held at 0."""
    free = [place for place in range(3) if place not in held]
    found = np.zeros((len(design), 3))
    if free:
        found[:, free] = np.linalg.pinv(design[:, :, free]) @ values
    return found


Span = tuple[float | None, float | None, float | None]


def _ratio(both: CopiesNeeded, against: float, draws: Floats) -> Span:
    if not (isfinite(both.n) and isfinite(against)):
        return None, None, None
    with np.errstate(invalid="ignore"):
        ratios = both.draws / draws
    ratios = np.where(np.isnan(ratios), np.inf, ratios)
    tails = (1 - both.level) / 2, (1 + both.level) / 2
    low, high = (float(np.quantile(ratios, tail, method="nearest")) for tail in tails)
    return both.n / against, low, high if isfinite(high) else None


def _statement(product: Span, total: Span) -> str:
    if product[0] is None or total[0] is None:
        return "Undecided: a need was not reached and cannot be extrapolated."
    multiplies, adds = _holds_one(product), _holds_one(total)
    if multiplies and adds:
        return "Undecided: the interval holds both the product and the sum of the needs."
    if multiplies:
        return "The need multiplies: both together need about the product of the copies that each needs."
    if adds:
        return "The need adds up: both together need about the sum of the copies that each needs, not the product."
    return f"Both together need {product[0]:.2g} times the product and {total[0]:.2g} times the sum of the needs."


def _holds_one(span: Span) -> bool:
    _, low, high = span
    return (low is None or low <= 1) and (high is None or high >= 1)
