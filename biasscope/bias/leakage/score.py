"""Held-out scores of a classifier of geometry, against the class shares alone.

A score is a pair per box: the guess, and how many bits the model's probability of the true class lies above the class
share, ``log2 p(y | x) / p(y)``. The mean of the latter is a lower bound on the mutual information of geometry and
class, whatever the model (Barber & Agakov, *The IM algorithm*, NIPS 2003).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Chances = Callable[[Ints], NDArray[np.floating[Any]]]
"""Probability of each class (boxes, classes) in the boxes of the given rows."""
MIXTURES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
"""Shares of the first model; never 1, since nothing bounds how wrong the discriminant is where it is sure."""
CHUNK = 4_096
"""Boxes whose probabilities of every class are held at once."""


class Score(NamedTuple):
    """Per held-out box: the guess, and the bits above the class share."""

    guess: Ints
    bits: Floats


class Split(NamedTuple):
    """Rows to fit on, rows to tune on (both from the training folds), and rows to score."""

    fit: Ints
    tune: Ints
    test: Ints

    @property
    def training(self) -> Ints:
        """Rows to fit and to tune on."""
        return np.concatenate([self.fit, self.tune])


class Fitted(NamedTuple):
    """Score of the held-out rows, the bits of the tuning rows, and the probabilities behind both."""

    test: Score
    tune: Floats
    chances: Chances


def shares(label: Ints, classes: int) -> Floats:
    """Class shares with one box added to each class.

    >>> shares(np.array([0, 0, 2]), 3).round(3).tolist()
    [0.5, 0.167, 0.333]
    """
    counts = np.bincount(label, minlength=classes) + 1.0
    return np.asarray(counts / counts.sum())


def mixture(first: Fitted, second: Fitted, test: Ints) -> Score:
    """Score of the rows ``test`` with the probabilities of two models mixed, by the share best on the tuning rows.

    A mixture of distributions is one, so the bits stay a lower bound on the information. The guess is its likeliest
    class, which neither model need name by itself.
    """
    gains = mixture_gains(first, second)
    best = MIXTURES[int(np.argmax(gains))]
    guess = np.empty(len(test), np.int64)
    for start in range(0, len(test), CHUNK):
        rows = test[start : start + CHUNK]
        guess[start : start + CHUNK] = (best * first.chances(rows) + (1 - best) * second.chances(rows)).argmax(1)
    return Score(guess, _mixed(first.test.bits, second.test.bits, best))


def mixture_gains(first: Fitted, second: Fitted) -> list[float]:
    """Mean bits of the tuning rows with the probabilities of two models mixed, one for each of ``MIXTURES``."""
    return [float(_mixed(first.tune, second.tune, share).mean()) for share in MIXTURES]


def _mixed(one: Floats, two: Floats, share: float) -> Floats:
    """Bits of a mixture from those of its parts."""
    return np.asarray(np.log2(share * 2.0**one + (1 - share) * 2.0**two))
