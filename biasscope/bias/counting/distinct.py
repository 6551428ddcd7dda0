"""How many distinct images a label has, in bounded memory: exact up to a million, then an estimate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LIMIT = 1 << 20
LABEL = np.uint64((1 << 20) - 1)
"""Bits of a key that give way to its label."""


class Distinct:
    """Distinct keys by label: adaptive sampling (Flajolet 1990, after Wegman).

    Keys below a threshold are kept, and the threshold is halved whenever more than ``limit`` are. Counts are exact
    until then; afterwards each is multiplied by the inverse of the share kept. A key is kept as 44 bits beside its
    label, so that among a million of one label two may be taken for one.

    Examples
    --------
    >>> seen = Distinct()
    >>> seen.add(np.array([7, 7, 9], np.uint64) << np.uint64(40), np.array([0, 0, 1]))
    >>> seen.counts(2).tolist()
    [1, 1]
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit, self.halvings = limit, 0
        self._kept: list[NDArray[np.uint64]] = []
        self._pending = 0

    def add(self, keys: NDArray[np.uint64], labels: NDArray[np.int64] | None = None) -> None:
        """Take well-mixed keys into account, with the label each belongs to (0 when there are none)."""
        if self.halvings:
            low = np.flatnonzero(self._below(keys))
            keys, labels = keys.take(low), None if labels is None else labels.take(low)
        packed = keys & ~LABEL
        if labels is not None:
            packed |= labels.astype(np.uint64)
        self._kept.append(packed)
        self._pending += len(packed)
        if self._pending > 2 * self.limit:
            self._reduce()

    def counts(self, labels: int = 1) -> NDArray[np.int64]:
        """Distinct keys of each label."""
        if self._kept:
            self._reduce()
        held = np.concatenate(self._kept) if self._kept else np.zeros(0, np.uint64)
        label = (held & LABEL).astype(np.int64)
        return np.bincount(label, minlength=labels) << self.halvings

    def _reduce(self) -> None:
        kept = np.concatenate(self._kept)
        kept.sort()
        kept = kept[np.concatenate([[True], kept[1:] != kept[:-1]])[: len(kept)]]
        while len(kept) > self.limit:
            self.halvings += 1
            kept = kept[self._below(kept)]
        self._kept, self._pending = [kept], len(kept)

    def _below(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        return np.asarray(keys >> np.uint64(64 - self.halvings) == 0)
