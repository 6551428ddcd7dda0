"""Held-out scores of a classifier of geometry, against the class shares alone.

A score is a pair per box: the guess, and how many bits the model's probability of the true class lies above the class
share, ``log2 p(y | x) / p(y)``. The mean of the latter is a lower bound on the mutual information of geometry and
class, whatever the model (Barber & Agakov, *The IM algorithm*, NIPS 2003).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MIXTURES = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)


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
    """Score of the held-out rows, and the bits of the tuning rows."""

    test: Score
    tune: Floats


def shares(label: Ints, classes: int) -> Floats:
    """Class shares with one box added to each class.

    >>> shares(np.array([0, 0, 2]), 3).round(3).tolist()
    [0.5, 0.167, 0.333]
    """
    counts = np.bincount(label, minlength=classes) + 1.0
    return np.asarray(counts / counts.sum())


def mixture(first: Fitted, second: Fitted) -> Score:
    """Probabilities of two models mixed, by the share that is best on the tuning rows; guesses are the first's.

    A mixture of distributions is one, so the bits stay a lower bound on the information.
    """

    def mixed(one: Floats, two: Floats, share: float) -> Floats:
        return np.asarray(np.log2(share * 2.0**one + (1 - share) * 2.0**two))

    gains = [mixed(first.tune, second.tune, share).mean() for share in MIXTURES[1:]]
    best = MIXTURES[1:][int(np.argmax(gains))]
    return Score(first.test.guess, mixed(first.test.bits, second.test.bits, best))
