"""Sets of 64-bit keys, eight bytes each: sorted runs behind a bitmap of their upper bits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Mask = NDArray[np.bool_]
LARGEST_RUN = 1 << 21
"""Runs are merged up to this many keys by default, so that merging needs little memory."""
FEW = 1000
BITS_A_KEY, LEAST_BITS, MOST_BITS = 32, 16, 27
_BIT = np.left_shift(1, np.arange(8)).astype(np.uint8)


def isin(keys: Keys, known: Keys) -> Mask:
    """Whether each key is among sorted known ones."""
    if not known.size:
        return np.zeros(keys.size, bool)
    places = np.searchsorted(known, keys)
    np.minimum(places, known.size - 1, out=places)
    return np.asarray(known[places] == keys)


class Prefixes:
    """Upper bits of keys, as a bitmap: of most new keys it says in one look that they are new.

    It has 32 bits a key at least (up to 16 MB), so that of well-mixed new keys few have to be looked for.

    Examples
    --------
    >>> prefixes = Prefixes([np.array([3, 1 << 63], np.uint64)])
    >>> prefixes.has(np.array([1 << 62, 1 << 63], np.uint64)).tolist()
    [False, True]
    """

    def __init__(self, runs: Sequence[Keys]) -> None:
        self._room = 2 * sum(run.size for run in runs)
        self._bits = min(max((BITS_A_KEY * self._room).bit_length(), LEAST_BITS), MOST_BITS)
        self._map = np.zeros((1 << self._bits) // 8, np.uint8)
        for run in runs:
            self.add(run)

    @property
    def crowded(self) -> bool:
        """Whether more bits would help."""
        return self._room < 0 and self._bits < MOST_BITS

    def has(self, keys: Keys) -> Mask:
        """Whether each key's upper bits are those of a key that was added."""
        byte, bit = self._places(keys)
        return np.asarray(self._map[byte] & bit != 0)

    def add(self, keys: Keys) -> None:
        """Add sorted keys."""
        self._room -= keys.size
        byte, bit = self._places(keys)
        heads = np.flatnonzero(np.concatenate([[True], byte[1:] != byte[:-1]]))
        self._map[byte[heads]] |= np.bitwise_or.reduceat(bit, heads)

    def _places(self, keys: Keys) -> tuple[Keys, NDArray[np.uint8]]:
        prefix = keys >> np.uint64(64 - self._bits)
        return prefix >> np.uint64(3), _BIT[(prefix & np.uint64(7)).astype(np.uint8)]


class Seen:
    """A set of keys that grows by sorted arrays, which are merged up to ``largest`` keys.

    Examples
    --------
    >>> seen = Seen()
    >>> seen.add(np.array([3, 5], np.uint64)); seen.has(np.array([5, 7], np.uint64)).tolist()
    [True, False]
    """

    def __init__(self, largest: int = LARGEST_RUN) -> None:
        self.largest = largest
        self.runs: list[Keys] = []
        self._prefixes: Prefixes | None = None

    def has(self, keys: Keys, shift: np.uint64 = np.uint64(0)) -> Mask:  # noqa: B008 (a number)
        """Whether each key was added before; with a shift, whether one was that is equal above so many bits."""
        if keys.size <= FEW or not self.runs:
            return self._among_runs(keys >> shift, shift)
        self._merge()
        if self._prefixes is None or self._prefixes.crowded:
            self._prefixes = Prefixes(self.runs)
        found = self._prefixes.has(keys)
        found[found] = self._among_runs(keys[found] >> shift, shift)
        return found

    def add(self, keys: Keys) -> None:
        """Add sorted keys."""
        if keys.size:
            self.runs.append(keys)
            if self._prefixes is not None:
                self._prefixes.add(keys)

    def _among_runs(self, wanted: Keys, shift: np.uint64) -> Mask:
        found, least = np.zeros(wanted.size, bool), wanted << shift
        for run in self.runs:
            places = run.searchsorted(least)
            np.minimum(places, run.size - 1, out=places)
            found |= run[places] >> shift == wanted
        return found

    def _merge(self) -> None:
        """Merge runs of similar size; looking up is then logarithmic in their number."""
        runs: list[Keys] = []
        for run in self.runs:
            while runs and runs[-1].size <= 2 * run.size and run.size + runs[-1].size <= self.largest:
                run = np.concatenate([runs.pop(), run])
                run.sort(kind="stable")
            runs.append(run)
        self.runs = runs
