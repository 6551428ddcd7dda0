"""How many copies reach a target: the laws, the one chosen by cross-validation, and a bootstrap interval."""

from __future__ import annotations

from math import isfinite

import numpy as np
from numpy.typing import NDArray

from biasscope.copies.law.bootstrap import resample
from biasscope.copies.law.forms import LAWS, Fit, Floats, predict
from biasscope.copies.law.need import CopiesNeeded, farthest
from biasscope.core.errors import UsageError
from biasscope.core.randomness import generator

LEAST_FIT, LEAST_POINTS = 3, 4
"""Numbers of copies that a law, which has three parameters, is fitted to at least; and with one of them left out."""


def copies_needed(
    copies: NDArray[np.int64],
    values: Floats,
    target: float | Floats,
    *,
    learned: NDArray[np.bool_] | None = None,
    available: int | None = None,
    level: float = 0.95,
    draws: int = 400,
    seed: int = 0,
) -> CopiesNeeded:
    """Estimate the copies that a target needs from values by copies, seed and image.

    Each draw resamples the images (jointly for all networks, which saw the same ones) and the seeds, fits both laws,
    chooses one by leaving out one n after the other, and solves it for the target. What a seed does to all n alike, for
    it stands for the same weights and batches, is drawn once, jointly with a target of as many seeds; what is left of
    it for each n alone. The spread of either is widened by S / (S - 1), because S repetitions show too little of it.
    Fewer than three numbers determine no law: then the smallest number that was tried and reached the target is told,
    with an interval from the one before it.

    Parameters
    ----------
    copies
        Numbers n that were tried, increasing, (P,).
    values
        Measure by number, seed and image, (P, S, N).
    target
        Value to reach; or values by seed and image (S, N) of networks whose mean is to be reached: they are resampled
        with the rest.
    learned
        Whether the answers at each n are better than a constant answer, (P,).
    available
        Number of distinct versions of an image: more copies than that there cannot be, and none are told.
    level, draws, seed
        Of the interval.

    Returns
    -------
        Copies with their interval, and how far they can be trusted (``status``).

    Raises
    ------
    UsageError
        The shapes do not fit.

    Examples
    --------
    >>> n = np.array([1, 2, 4, 8, 16])
    >>> found = copies_needed(n, np.broadcast_to((1 - 0.5 / n)[:, None, None], (5, 3, 20)), 0.9)
    >>> round(found.n, 1), found.status, found.law
    (5.0, 'reached', 'saturating power')
    """
    if values.ndim != 3 or len(values) != len(copies) or len(copies) < 1 or (np.diff(copies) <= 0).any():
        raise UsageError(f"values are (copies, seeds, images) with increasing copies, got {values.shape}")
    counted = np.ones(len(copies), np.bool_) if learned is None else np.asarray(learned, np.bool_)
    goal = np.asarray(target, np.float64)
    curves, goals = resample(values, goal, draws, generator(seed, "copies needed"))
    n = copies[counted].astype(np.float64)
    fits = {name: law.fit(n, curves[:, counted]) for name, law in LAWS.items()} if len(n) >= LEAST_FIT else {}
    errors = {name: _left_out(name, n, curves[:, counted]) for name in fits}
    solved = {name: LAWS[name].solve(fit, goals) for name, fit in fits.items()}
    end = farthest(int(copies[-1]), available)
    return _summary(copies, values, counted, curves, goals, fits, errors, solved, level, end)


def _left_out(name: str, n: Floats, curves: Floats) -> Floats:
    """Root mean squared error at numbers that were left out one by one, (D,); NaN for too few numbers."""
    if len(n) < LEAST_POINTS + (name == "logistic"):
        return np.full(len(curves), np.nan)
    law, squared = LAWS[name], []
    for place in range(len(n)):
        rest = np.arange(len(n)) != place
        fit = law.fit(n[rest], curves[:, rest])
        squared.append((predict(law, fit, n[place : place + 1])[:, 0] - curves[:, place]) ** 2)
    return np.asarray(np.sqrt(np.mean(squared, axis=0)))


def _summary(
    copies: NDArray[np.int64],
    values: Floats,
    learned: NDArray[np.bool_],
    curves: Floats,
    goals: Floats,
    fits: dict[str, Fit],
    errors: dict[str, Floats],
    solved: dict[str, Floats],
    level: float,
    end: float,
) -> CopiesNeeded:
    tails = (1 - level) / 2, (1 + level) / 2
    ends = np.quantile(curves[1:], tails, axis=0) if len(curves) > 1 else curves[[0, 0]]
    low, high = np.clip(ends, 0.0, 1.0)
    first = _first(copies, learned, curves, goals)
    told = {name: np.where(numbers > end * (1 + 1e-9), np.inf, numbers) for name, numbers in solved.items()}
    names = list(fits)
    known = [np.where(np.isnan(errors[name]), np.inf, errors[name]) for name in names]
    best = np.argmin(known, axis=0) if names else np.zeros(len(curves), np.int64)
    needed = np.choose(best, [told[name] for name in names]) if names else first
    chosen = names[int(best[0])] if names else ""
    drawn = needed[1:] if len(needed) > 1 else needed
    least = drawn if names else _before(copies, drawn)
    return CopiesNeeded(
        n=float(needed[0]),
        low=float(np.quantile(least, tails[0], method="lower")),
        high=float(np.quantile(drawn, tails[1], method="higher")),
        level=level,
        farthest=end,
        status=_status(float(solved[chosen][0]), int(copies[learned].max()), end)
        if chosen
        else _unfitted(learned, first),
        target=float(goals[0]),
        copies=copies,
        values=curves[0],
        values_low=np.asarray(low),
        values_high=np.asarray(high),
        learned=learned,
        measured=int(first[0]) if isfinite(first[0]) else None,
        law=chosen,
        cv_error={name: float(error[0]) for name, error in errors.items()},
        fits={name: _parameters(name, fit) for name, fit in fits.items()},
        needed_by={name: float(numbers[0]) for name, numbers in told.items()},
        predicted=_predicted(chosen, fits, copies),
        seeds=values.shape[1],
        images=values.shape[2],
        draws=drawn,
    )


def _first(copies: NDArray[np.int64], learned: NDArray[np.bool_], curves: Floats, goals: Floats) -> Floats:
    """Smallest number that was tried and reached the target, (D,); infinite where none did."""
    hit = learned & (curves >= goals[:, None] - 1e-12)
    return np.where(hit.any(1), copies[hit.argmax(1)], np.inf)


def _before(copies: NDArray[np.int64], found: Floats) -> Floats:
    """Largest number that was tried below the one that was found: the need lies between the two."""
    place = np.searchsorted(copies, np.where(np.isfinite(found), found, copies[-1]))
    return np.where(np.isfinite(found), copies[np.maximum(place - 1, 0)], found)


def _unfitted(learned: NDArray[np.bool_], first: Floats) -> str:
    if not learned.any():
        return "nothing learned"
    return "reached" if isfinite(first[0]) else "too few"


def _status(n: float, most: int, end: float) -> str:
    if not isfinite(n):
        return "never"
    slack = 1 + 1e-9
    return "reached" if n <= most * slack else "extrapolated" if n <= end * slack else "beyond"


def _parameters(name: str, fit: Fit) -> dict[str, float]:
    shape = {key: float(value) for key, value in zip(LAWS[name].parameters, fit.shape[0], strict=True)}
    return {"top": float(fit.top[0]), "height": float(fit.height[0]), **shape}


def _predicted(name: str, fits: dict[str, Fit], copies: NDArray[np.int64]) -> Floats:
    if not name:
        return np.full(len(copies), np.nan)
    first = Fit(*(part[:1] for part in fits[name]))
    return np.asarray(predict(LAWS[name], first, copies.astype(np.float64))[0])
