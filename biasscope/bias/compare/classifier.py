"""Classifier two-sample test: can a classifier tell the sides apart from position and size alone?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from biasscope.bias.compare.energy import Floats, Ints
from biasscope.bias.compare.looks import Sides
from biasscope.core.binomial import exact_bounds
from biasscope.core.randomness import generator

FOLDS = 5
MOST_IMAGES = 10_000
LEAST = 2 * FOLDS


class Accuracy(NamedTuple):
    """Held-out accuracy with its interval, over ``images`` images; chance is 1/2."""

    value: float
    low: float
    high: float
    images: int


def two_sample_classifier(sides: Sides, *, seed: int = 0, level: float = 0.95) -> Accuracy:
    """Cross-validated accuracy of telling side a from side b, chance being exactly one half.

    One box of each image is taken, and of every class as many images from either side, so that neither the number of
    images nor the mix of classes can tell the sides apart, and all images are independent. Gradient-boosted trees
    (scikit-learn) on centre and logarithm of width and height, five folds, exact binomial interval.

    References
    ----------
    Lopez-Paz & Oquab, *Revisiting classifier two-sample tests*, ICLR 2017.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import PredefinedSplit, cross_val_predict

    rows, fold = matched(sides, generator(seed, "two-sample classifier"))
    if len(rows) < LEAST:
        return Accuracy(float("nan"), float("nan"), float("nan"), len(rows))
    model = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, min_samples_leaf=20, random_state=seed)
    guess = cross_val_predict(model, features_of(sides)[rows], sides.side[rows], cv=PredefinedSplit(fold))
    value = float((guess == sides.side[rows]).mean())
    low, high = exact_bounds(value, len(rows), (1 - level) / 2)
    return Accuracy(value, low.item(), high.item(), len(rows))


def matched(sides: Sides, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """One box of each image, as many images of each class from either side, at most about ``MOST_IMAGES`` in all.

    Returns the rows and the fold of each. Within a class every fold holds as many of either side: were it otherwise, a
    class that is richer in side a outside the fold would be poorer in it inside, and accuracy would fall below chance.
    """
    shuffled = rng.permutation(len(sides.label))
    _, first = np.unique(sides.image[shuffled], return_index=True)
    rows = rng.permutation(shuffled[first])
    slot = sides.label[rows] * 2 + sides.side[rows]
    order = np.argsort(slot, kind="stable")
    counts = np.bincount(slot, minlength=2 * len(sides.labels))
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    least, offset = counts.reshape(-1, 2).min(1), rng.integers(0, FOLDS, len(sides.labels))
    share = min(1.0, MOST_IMAGES / max(2 * int(least.sum()), 1))
    allowed = np.floor(least * share + rng.random(len(least)) * (share < 1)).astype(np.int64)
    label = slot[order] // 2
    kept = rank < allowed[label]
    return rows[order][kept], ((rank + offset[label]) % FOLDS)[kept]


def features_of(sides: Sides) -> Floats:
    """Centre and logarithm of relative width and height of each box, shape (N, 4)."""
    made = []
    for columns, position in zip(sides.columns, sides.positions, strict=True):
        made.append(np.stack([*position.raw, *np.log(columns.relative)], axis=1))
    return np.concatenate(made)
