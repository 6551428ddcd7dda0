"""Fits over cells of two numbers of copies: does each transformation have a need of its own?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasscope.copies.law.forms import Floats, SaturatingPower
from biasscope.core.errors import UsageError


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
        What follows, in a sentence: also that the fits are not told apart, by their errors cell by cell, or that one of
        the transformations weighs no more than the error does.
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
    shown = a * _range(n[:, 0], alpha), b * _range(n[:, 1], beta)
    words = _statement(np.square(errors), *shown)
    separate = {"top": top, "a": a, "alpha": alpha, "b": b, "beta": beta}
    total = {"top": float(whole.top[0]), "c": float(whole.height[0]), "gamma": float(whole.shape[0, 0])}
    return Surface(separate, total, float(apart), float(joint), words)


def _range(n: Floats, exponent: float) -> float:
    """How far ``n^-exponent`` falls over the numbers that were tried: a slow law weighs little."""
    return float(np.ptp(n**-exponent))


def _statement(squared: Floats, a: float, b: float) -> str:
    """What follows from squared errors (C, 2) at cells that were left out, and from what each need changes."""
    apart, joint = np.sqrt(squared.mean(0))
    gain = squared[:, 1] - squared[:, 0]
    if abs(gain.mean()) <= SURE * gain.std(ddof=1) / np.sqrt(len(gain)):
        return f"Not told apart: both fit as well (left-out errors {apart:.3g} and {joint:.3g})."
    if gain.mean() < 0:
        return (
            f"Only the number of copies counts, whatever they are of (left-out error {joint:.3g} against {apart:.3g})."
        )
    compared = f"(left-out error {apart:.3g} against {joint:.3g})"
    if min(a, b) <= 2 * apart:
        one, other = ("first", "second") if a > b else ("second", "first")
        return f"Only copies of the {one} transformation count, those of the {other} change nothing {compared}."
    return f"Each has its own need: copies of both multiply {compared}."


SURE = 1.5
"""Standard errors over cells by which one fit must be better than the other."""
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
