"""Bootstrap of curves over images and seeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasscope.copies.law.forms import Floats


def resample(values: Floats, goal: Floats, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Curves (1 + draws, P) and targets (1 + draws,); the first are those that were measured."""
    points, seeds, images = values.shape
    weights = rng.multinomial(images, np.full(images, 1 / images), size=draws) / images
    weights = np.concatenate([np.full((1, images), 1 / images), weights])
    picked = _picked((draws + 1, 1, seeds), rng)
    curves = _means(values.reshape(points, seeds, images), weights, picked, rng)
    if goal.ndim == 0:
        return curves, np.full(draws + 1, float(goal))
    paired = picked if len(goal) == seeds else _picked((draws + 1, 1, len(goal)), rng)
    return curves, _means(goal[None], weights, paired, rng)[:, 0]


def _means(values: Floats, weights: Floats, picked: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Means over resampled images and seeds, (D, P); seeds of the first row are left as they are.

    Networks of one seed start from the same weights and see the images in the same order whatever n is. What a seed
    does to all numbers of copies alike is drawn once for the whole curve, by ``picked`` (D, 1, S), which a target that
    was measured with the same seeds shares; and what is left of it for each number alone.
    """
    seeds = values.shape[1]
    table = np.einsum("psn,dn->dps", values, weights)
    centre = table.mean(2, keepdims=True)
    common = (table - centre).mean(1, keepdims=True)
    alone = table - centre - common
    spread = np.sqrt(seeds / (seeds - 1)) if seeds > 1 else 1.0
    drawn = np.take_along_axis(common, picked, 2) + np.take_along_axis(alone, _picked(alone.shape, rng), 2)
    return np.asarray((centre + spread * drawn).mean(2))


def _picked(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
    """Places of seeds that are drawn with replacement, (D, P, S); those of the first row are left as they are."""
    picked = rng.integers(shape[2], size=shape)
    picked[0] = np.arange(shape[2])
    return picked
