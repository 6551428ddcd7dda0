"""Bootstrap of curves over images and seeds."""

from __future__ import annotations

import numpy as np

from biasscope.copies.law.forms import Floats


def resample(values: Floats, goal: Floats, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Curves (1 + draws, P) and targets (1 + draws,); the first are those that were measured."""
    points, seeds, images = values.shape
    weights = rng.multinomial(images, np.full(images, 1 / images), size=draws) / images
    weights = np.concatenate([np.full((1, images), 1 / images), weights])
    curves = _means(values.reshape(points, seeds, images), weights, rng)
    if goal.ndim == 0:
        return curves, np.full(draws + 1, float(goal))
    return curves, _means(goal[None], weights, rng)[:, 0]


def _means(values: Floats, weights: Floats, rng: np.random.Generator) -> Floats:
    """Means over resampled images and seeds, (D, P); seeds of the first row are left as they are.

    Networks of one seed start from the same weights and see the images in the same order whatever n is. What a seed
    does to all numbers of copies alike is drawn once for the whole curve, and what is left of it for each number alone.
    """
    seeds = values.shape[1]
    table = np.einsum("psn,dn->dps", values, weights)
    centre = table.mean(2, keepdims=True)
    common = (table - centre).mean(1, keepdims=True)
    alone = table - centre - common
    spread = np.sqrt(seeds / (seeds - 1)) if seeds > 1 else 1.0
    return np.asarray((centre + spread * (_drawn(common, rng) + _drawn(alone, rng))).mean(2))


def _drawn(effects: Floats, rng: np.random.Generator) -> Floats:
    """Effects of seeds that are drawn with replacement, (D, P, S); those of the first row are left as they are."""
    picked = rng.integers(effects.shape[2], size=effects.shape)
    picked[0] = np.arange(effects.shape[2])
    return np.take_along_axis(effects, picked, 2)
