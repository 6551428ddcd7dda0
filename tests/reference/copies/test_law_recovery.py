"""On simulated curves with a known law the interval covers the truth at its nominal rate."""

from functools import cache

import numpy as np
import pytest
from scipy import stats

from biasscope.copies.law import copies_needed

N = np.array([1, 2, 4, 8, 16, 32, 64])
REPEATS, LEVEL = 60, 0.9


def simulated(
    curve: np.ndarray, rng: np.random.Generator, seeds: int, images: int = 100, alike: float = 0.0, alone: float = 0.02
) -> np.ndarray:
    """Values with images that are easy or hard throughout, networks that are better or worse, and noise of both.

    Networks of one seed, which start from the same weights, are better or worse ``alike``, and each of them ``alone``.
    """
    easy = rng.normal(0, 0.15, (1, 1, images))
    lucky = rng.normal(0, alone, (len(N), seeds, 1)) + rng.normal(0, alike, (1, seeds, 1))
    return curve[:, None, None] + easy + lucky + rng.normal(0, 0.1, (len(N), seeds, images))


def bounds(repeats: int) -> tuple[float, float]:
    """Counts of covered truths that the nominal level gives, with 1 in 1000 left out on both sides."""
    low, high = stats.binom.ppf([0.001, 0.999], repeats, LEVEL)
    return float(low), float(high)


CURVES = {
    "power": (0.97 - 0.5 * N**-0.7, (0.5 / 0.07) ** (1 / 0.7)),
    "logistic": (0.4 + 0.57 / (1 + np.exp(-1.6 * (np.log(N) - 1.5))), np.exp(1.5 - np.log(0.57 / 0.5 - 1) / 1.6)),
    "beyond the last n": (0.99 - 0.5 * N**-0.4, (0.5 / 0.09) ** 2.5),
}


CASES = [("power", 3), ("power", 5), ("logistic", 4), ("beyond the last n", 3)]


@cache
def covered(name: str, seeds: int) -> int:
    """Count how often the interval holds the truth."""
    curve, truth = CURVES[name]
    hits = 0
    for repeat in range(REPEATS):
        values = simulated(curve, np.random.default_rng([repeat, seeds]), seeds)
        found = copies_needed(N, values, 0.9, level=LEVEL, draws=120, seed=repeat)
        hits += found.low <= truth <= found.high
    return hits


@pytest.mark.parametrize(("name", "seeds"), CASES)
def test_the_interval_covers_the_truth(name: str, seeds: int) -> None:
    assert covered(name, seeds) >= bounds(REPEATS)[0]


def test_seeds_that_are_better_whatever_n_is_make_the_interval_wider() -> None:
    curve, truth = CURVES["power"]
    hits = 0
    for repeat in range(REPEATS):
        values = simulated(curve, np.random.default_rng([repeat, 5]), 5, images=400, alike=0.03, alone=0.005)
        found = copies_needed(N, values, 0.9, level=LEVEL, draws=100, seed=repeat)
        hits += found.low <= truth <= found.high
    assert hits >= bounds(REPEATS)[0]


def test_the_interval_is_neither_too_short_nor_too_long() -> None:
    low, high = bounds(REPEATS * len(CASES))
    assert low <= sum(covered(*case) for case in CASES) <= high
