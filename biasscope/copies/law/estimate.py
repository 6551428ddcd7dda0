"""How many copies reach a target: the laws, the one chosen by cross-validation, and a bootstrap interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from biasscope.copies.law.forms import LAWS, Fit, Floats, predict
from biasscope.core.errors import UsageError
from biasscope.core.randomness import generator

LEAST_POINTS, MANY = 4, 1e4
"""Points that a law is fitted to at least, and copies beyond which no number is told."""


@dataclass(frozen=True, eq=False)
class CopiesNeeded:
    """Copies of each training image that a target needs.

    Attributes
    ----------
    n
        Copies, not rounded; infinite where the law never reaches the target, or where nothing was learned.
    low, high, level
        Bootstrap interval and its level; ``high`` may be infinite.
    status
        ``reached`` (within the numbers that were tried), ``extrapolated``, ``never`` (the law levels off below the
        target) or ``nothing learned``.
    target
        What was to be reached.
    copies
        Numbers that were tried, (P,).
    values, values_low, values_high
        Measure at these numbers with its interval, each (P,).
    learned
        Whether the answers at these numbers were better than a constant answer, (P,); others do not count.
    measured
        Smallest number that was tried and reached the target, or ``None``.
    law
        Name of the law with the smallest error of cross-validation.
    cv_error
        Root mean squared error at a number that was left out, by law.
    fits
        Parameters by law: ``top``, ``height`` and those of the shape.
    needed_by
        Copies by law.
    predicted
        Values at the numbers that were tried by the chosen law, (P,).
    seeds, images
        How many were resampled.
    draws
        Copies in each draw of the bootstrap, (D,).
    """

    n: float
    low: float
    high: float
    level: float
    status: str
    target: float
    copies: NDArray[np.int64]
    values: Floats
    values_low: Floats
    values_high: Floats
    learned: NDArray[np.bool_]
    measured: int | None
    law: str
    cv_error: dict[str, float]
    fits: dict[str, dict[str, float]]
    needed_by: dict[str, float]
    predicted: Floats
    seeds: int
    images: int
    draws: Floats

    @property
    def reached(self) -> bool:
        """Whether the target was reached within the numbers that were tried."""
        return self.status == "reached"

    @property
    def text(self) -> str:
        """The answer in words.

        Examples
        --------
        >>> values = np.ones((3, 4, 5))
        >>> copies_needed(np.array([1, 2, 4]), values, 0.95).text
        '1 copy is enough for 0.95 (95 % interval 1 to 1).'
        """
        most = int(self.copies.max())
        if self.status == "nothing learned":
            return f"not reached by n = {most}: nothing was learned, the answers are no better than a constant one."
        share = f"{100 * self.level:g} % interval"
        span = f"{share} {_number(self.low)} to {_number(self.high)}"
        if not isfinite(self.low):
            span = f"{share}: no number of copies"
        elif not isfinite(self.high):
            span = f"{share} from {_number(self.low)}, without an upper bound"
        if self.status == "never":
            return f"{self.target:.3g} is not reached by n = {most}; the law levels off below it ({span})."
        if self.status == "extrapolated":
            return f"{self.target:.3g} is not reached by n = {most}; extrapolated: about {_number(self.n)} ({span})."
        if self.n <= 1:
            return f"1 copy is enough for {self.target:.3g} ({span})."
        return f"about {_number(self.n)} copies reach {self.target:.3g} ({span})."


def copies_needed(
    copies: NDArray[np.int64],
    values: Floats,
    target: float | Floats,
    *,
    learned: NDArray[np.bool_] | None = None,
    level: float = 0.95,
    draws: int = 400,
    seed: int = 0,
) -> CopiesNeeded:
    """Estimate the copies that a target needs from values by copies, seed and image.

    Each draw resamples the images (jointly for all networks, which saw the same ones) and the seeds (for each n alone;
    their spread is widened by S / (S - 1), because S repetitions show too little of it), fits both laws, chooses one by
    leaving out one n after the other, and solves it for the target.

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
    level, draws, seed
        Of the interval.

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
    curves, goals = _resample(values, goal, draws, generator(seed, "copies needed"))
    n = copies[counted].astype(np.float64)
    fits = {name: law.fit(n, curves[:, counted]) for name, law in LAWS.items()} if counted.any() else {}
    errors = {name: _left_out(name, n, curves[:, counted]) for name in fits}
    solved = {name: LAWS[name].solve(fit, goals) for name, fit in fits.items()}
    return _summary(copies, values, counted, curves, goals, fits, errors, solved, level)


def _resample(values: Floats, goal: Floats, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Curves (1 + draws, P) and targets (1 + draws,); the first are those that were measured."""
    points, seeds, images = values.shape
    weights = rng.multinomial(images, np.full(images, 1 / images), size=draws) / images
    weights = np.concatenate([np.full((1, images), 1 / images), weights])
    curves = _means(values.reshape(points, seeds, images), weights, rng)
    if goal.ndim == 0:
        return curves, np.full(draws + 1, float(goal))
    return curves, _means(goal[None], weights, rng)[:, 0]


def _means(values: Floats, weights: Floats, rng: np.random.Generator) -> Floats:
    """Means over resampled images and seeds, (D, P); seeds of the first row are left as they are."""
    points, seeds, _ = values.shape
    table = np.einsum("psn,dn->dps", values, weights)
    centre = table.mean(2, keepdims=True)
    picked = rng.integers(seeds, size=(len(weights), points, seeds))
    picked[0] = np.arange(seeds)
    spread = np.sqrt(seeds / (seeds - 1)) if seeds > 1 else 1.0
    return np.asarray((centre + spread * (np.take_along_axis(table, picked, 2) - centre)).mean(2))


def _left_out(name: str, n: Floats, curves: Floats) -> Floats:
    """Root mean squared error at numbers that were left out one by one, (D,); infinite for too few numbers."""
    if len(n) < LEAST_POINTS + (name == "logistic"):
        return np.full(len(curves), np.inf if name == "logistic" else 0.0)
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
) -> CopiesNeeded:
    tails = (1 - level) / 2, (1 + level) / 2
    low, high = np.quantile(curves[1:], tails, axis=0) if len(curves) > 1 else (curves[0], curves[0])
    hit = copies[learned & (curves[0] >= goals[0] - 1e-12)]
    names = list(fits)
    best = np.argmin([errors[name] for name in names], axis=0) if names else np.zeros(len(curves), np.int64)
    needed = np.choose(best, [solved[name] for name in names]) if names else np.full(len(curves), np.inf)
    chosen = names[int(best[0])] if names else ""
    drawn = needed[1:] if len(needed) > 1 else needed
    return CopiesNeeded(
        n=float(needed[0]),
        low=float(np.quantile(drawn, tails[0], method="lower")),
        high=float(np.quantile(drawn, tails[1], method="higher")),
        level=level,
        status=_status(float(needed[0]), int(copies[learned].max()) if learned.any() else 0),
        target=float(goals[0]),
        copies=copies,
        values=curves[0],
        values_low=np.asarray(low),
        values_high=np.asarray(high),
        learned=learned,
        measured=int(hit[0]) if len(hit) else None,
        law=chosen,
        cv_error={name: float(error[0]) for name, error in errors.items()},
        fits={name: _parameters(name, fit) for name, fit in fits.items()},
        needed_by={name: float(numbers[0]) for name, numbers in solved.items()},
        predicted=_predicted(chosen, fits, copies),
        seeds=values.shape[1],
        images=values.shape[2],
        draws=drawn,
    )


def _status(n: float, most: int) -> str:
    if not most:
        return "nothing learned"
    if not isfinite(n):
        return "never"
    return "reached" if n <= most * (1 + 1e-9) else "extrapolated"


def _parameters(name: str, fit: Fit) -> dict[str, float]:
    shape = {key: float(value) for key, value in zip(LAWS[name].parameters, fit.shape[0], strict=True)}
    return {"top": float(fit.top[0]), "height": float(fit.height[0]), **shape}


def _predicted(name: str, fits: dict[str, Fit], copies: NDArray[np.int64]) -> Floats:
    if not name:
        return np.full(len(copies), np.nan)
    first = Fit(*(part[:1] for part in fits[name]))
    return np.asarray(predict(LAWS[name], first, copies.astype(np.float64))[0])


def _number(value: float) -> str:
    if value > MANY:
        return "no bound" if not isfinite(value) else f"over {MANY:,.0f}"
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
