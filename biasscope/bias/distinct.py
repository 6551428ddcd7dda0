"""How many distinct images a label has, in bounded memory: exact up to a million, then an estimate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LIMIT = 1 << 20


class Distinct:
    """Distinct keys by label: adaptive sampling (Flajolet 1990, after Wegman).

    Keys below a threshold are kept, and the threshold is halved whenever more than ``limit`` are. Counts are exact
    until then; afterwards each is multiplied by the inverse of the share kept.

    Examples
    --------
    >>> seen = Distinct()
    >>> seen.add(np.array([7, 7, 9], np.uint64), np.array([0, 0, 1]))
    >>> seen.counts(2).tolist()
    [1, 1]
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit, self.halvings = limit, 0
        self._keys: list[NDArray[np.uint64]] = []
        self._labels: list[NDArray[np.int64]] = []
        self._pending = 0

    def add(self, keys: NDArray[np.uint64], labels: NDArray[np.int64] | None = None) -> None:
        """Take well-mixed keys into account, with the label each belongs to (0 when there are none)."""
        rows = np.zeros(len(keys), np.int64) if labels is None else labels
        below = self._below(keys)
        self._keys.append(keys[below])
        self._labels.append(rows[below])
        self._pending += len(self._keys[-1])
        if self._pending > 2 * self.limit:
            self._reduce()

    def counts(self, labels: int = 1) -> NDArray[np.int64]:
        """Distinct keys of each label."""
        if self._keys:
            self._reduce()
        held = self._labels[0] if self._labels else np.zeros(0, np.int64)
        return np.bincount(held, minlength=labels) << self.halvings

    def _reduce(self) -> None:
        keys, labels = np.concatenate(self._keys), np.concatenate(self._labels)
        order = np.argsort(keys)
        keys = keys[order]
        first = np.concatenate([[True], keys[1:] != keys[:-1]])[: len(keys)]
        keys, labels = keys[first], labels[order][first]
        while len(keys) > self.limit:
            self.halvings += 1
            below = self._below(keys)
            keys, labels = keys[below], labels[below]
        self._keys, self._labels, self._pending = [keys], [labels], len(keys)

    def _below(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        return (keys >> np.uint64(64 - self.halvings)) == 0 if self.halvings else np.ones(len(keys), bool)
