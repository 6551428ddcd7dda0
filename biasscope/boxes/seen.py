"""Which boxes and images were met before: eight bytes each, kept as sorted runs of 64-bit keys."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Mask = NDArray[np.bool_]
LARGEST_RUN = 1 << 21
"""Runs are merged up to this many keys, so that merging needs little memory."""
FEW = 1000
LEAST_BITS, MOST_BITS = 16, 27
SIZE_BITS = np.uint64(12)
_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_SIDES = float(1 << 21)
_BIT = np.left_shift(1, np.arange(8)).astype(np.uint8)


def mixed(keys: Keys, *others: NDArray[np.float64] | NDArray[np.int64]) -> Keys:
    """Hash of several columns, given the hash of the first; floats by their bits, with one zero.

    It is used within one process only, never stored.
    """
    state = keys.copy()
    for other in others:
        bits = np.add(other, 0.0).view(np.uint64) if other.dtype == np.float64 else other.astype(np.uint64)
        state ^= bits
        state *= _ODD
        state ^= state >> _SHIFT
    return state


def sizes_mixed(width: NDArray[np.float64], height: NDArray[np.float64]) -> Keys:
    """Hash of image sizes, well-mixed in its upper bits; anything for one that is unknown.

    >>> a, b = sizes_mixed(np.array([640.0, 480.0]), np.array([480.0, 640.0]))
    >>> bool(a >> SIZE_BITS == b >> SIZE_BITS)
    False
    """
    both = width * _SIDES
    both += height
    state = both.view(np.uint64)
    state ^= state >> _SHIFT
    state *= _ODD
    state ^= state >> _SHIFT
    state *= _ODD
    return state


def isin(keys: Keys, known: Keys) -> Mask:
    """Whether each key is among sorted known ones."""
    if not known.size:
        return np.zeros(keys.size, bool)
    places = np.searchsorted(known, keys)
    np.minimum(places, known.size - 1, out=places)
    return np.asarray(known[places] == keys)


class Prefixes:
    """Upper bits of keys, as a bitmap: of most new keys it says in one look that they are new.

    It has eight bits a key (up to 16 MB), so that of well-mixed new keys few have to be looked for.

    Examples
    --------
    >>> prefixes = Prefixes([np.array([3, 1 << 63], np.uint64)])
    >>> prefixes.has(np.array([1 << 62, 1 << 63], np.uint64)).tolist()
    [False, True]
    """

    def __init__(self, runs: Sequence[Keys]) -> None:
        self._room = 2 * sum(run.size for run in runs)
        self._bits = min(max((8 * self._room).bit_length(), LEAST_BITS), MOST_BITS)
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
    """A set of keys that grows by sorted arrays.

    Examples
    --------
    >>> seen = Seen()
    >>> seen.add(np.array([3, 5], np.uint64)); seen.has(np.array([5, 7], np.uint64)).tolist()
    [True, False]
    """

    def __init__(self) -> None:
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
        found = np.zeros(wanted.size, bool)
        for run in self.runs:
            places = np.searchsorted(run, wanted << shift)
            np.minimum(places, run.size - 1, out=places)
            found |= run[places] >> shift == wanted
        return found

    def _merge(self) -> None:
        """Merge runs of similar size; looking up is then logarithmic in their number."""
        runs: list[Keys] = []
        for run in self.runs:
            while runs and runs[-1].size <= 2 * run.size and run.size + runs[-1].size <= LARGEST_RUN:
                run = np.sort(np.concatenate([runs.pop(), run]), kind="stable")
            runs.append(run)
        self.runs = runs


class SeenBoxes:
    """Copies of boxes, over batches. Usually the boxes of an image follow each other, so few keys are looked up."""

    def __init__(self) -> None:
        self._rows = Seen()

    def copies(self, rows: Keys, met: Mask) -> NDArray[np.int64]:
        """Rows that equal an earlier one; ``met`` marks rows of images that were in an earlier batch."""
        ordered = np.sort(rows)
        copy = _repeats(rows, ordered)
        places = np.flatnonzero(met)
        if places.size:
            copy[places] |= self._rows.has(rows[places])
        self._rows.add(ordered)
        return np.flatnonzero(copy)


class SeenImages:
    """Images met so far, and rows that give one another size than before.

    A key is 52 bits of the image's hash and 12 bits of its size's hash.
    """

    def __init__(self) -> None:
        self.count = 0
        self._keys = Seen()

    def has(self, image: Keys) -> Mask:
        """Whether each image was met."""
        return self._keys.has(image, SIZE_BITS)

    def beyond(self, others: SeenImages) -> int:
        """Number of images met here and not there."""
        return self.count - sum(int(others.has(run).sum()) for run in self._keys.runs)

    def meet(self, image: Keys, size: Keys) -> tuple[Mask, NDArray[np.int64]]:
        """Which rows belong to images of earlier batches, and the first rows that give an image another size."""
        keys = (image >> SIZE_BITS << SIZE_BITS) | (size >> np.uint64(52))
        heads = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        unique = np.sort(keys[heads])
        unique = unique[np.concatenate([[True], unique[1:] != unique[:-1]])]
        names = unique >> SIZE_BITS
        again = np.concatenate([[False], names[1:] == names[:-1]])
        before = self._keys.has(unique, SIZE_BITS)
        known = np.zeros(unique.size, bool)
        known[before] = self._keys.has(unique[before])
        self.count += int((~before & ~again).sum())
        self._keys.add(unique[~known])
        met = np.zeros(keys.size, bool)
        if before.any():
            met = np.repeat(isin(keys[heads] >> SIZE_BITS, names[before]), np.diff(heads, append=keys.size))
        if not again.any() and not (before & ~known).any():
            return met, np.empty(0, np.int64)
        return met, _later(keys, heads, unique[~known], names[before])


def _later(keys: Keys, heads: NDArray[np.int64], new: Keys, met: Keys) -> NDArray[np.int64]:
    """First row of each new key whose image has another key already, here or in an earlier batch."""
    waiting, before = set(new.tolist()), set(met.tolist())
    chosen = []
    for place in heads.tolist():
        key = int(keys[place])
        if key in waiting:
            waiting.discard(key)
            name = key >> int(SIZE_BITS)
            if name in before:
                chosen.append(place)
            before.add(name)
    return np.array(chosen, np.int64)


def _repeats(keys: Keys, ordered: Keys) -> Mask:
    """Whether each key equals an earlier one of the same array; ``ordered`` are the keys, sorted."""
    mask = np.zeros(keys.size, bool)
    if keys.size > 1 and (ordered[1:] == ordered[:-1]).any():
        order = np.argsort(keys, kind="stable")
        mask[order[1:][ordered[1:] == ordered[:-1]]] = True
    return mask
