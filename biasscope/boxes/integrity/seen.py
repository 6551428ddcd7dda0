"""Which boxes and images were met before, recognised by 64-bit hashes."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biasscope.boxes.integrity.keysets import Keys, Mask, Seen, isin
from biasscope.boxes.integrity.problems import codes_of

SIZE_BITS = np.uint64(12)
_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_SIDES = float(1 << 21)


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


def images_mixed(frame: pl.DataFrame) -> Keys:
    """Hash of the image of each row, which is known by its id and its split."""
    return mixed(frame["image_id"].hash().to_numpy(), codes_of(frame["split"]))


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
    """Images met so far, and rows that give one another size (or whatever else is said of images) than before.

    A key is 52 bits of the image's hash and the 12 uppermost bits of its size's hash.
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
        if not image.size:
            return np.empty(0, bool), np.empty(0, np.int64)
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
