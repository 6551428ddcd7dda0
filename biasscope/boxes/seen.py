"""Which 64-bit keys were seen before: eight bytes a key, kept in sorted runs that are merged as they grow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Mask = NDArray[np.bool_]
LARGEST_RUN = 1 << 23
"""Runs above this many keys are not merged any more, so that merging never doubles the memory."""


class Seen:
    """A set of keys that grows by arrays.

    Examples
    --------
    >>> seen = Seen()
    >>> seen.add(np.array([3, 5], np.uint64)); seen.has(np.array([5, 7], np.uint64)).tolist()
    [True, False]
    """

    def __init__(self) -> None:
        self._runs: list[Keys] = []

    def __len__(self) -> int:
        return sum(run.size for run in self._runs)

    def has(self, keys: Keys) -> Mask:
        """Whether each key was added before."""
        found = np.zeros(keys.size, bool)
        for run in self._runs:
            places = np.searchsorted(run, keys)
            np.minimum(places, run.size - 1, out=places)
            found |= run[places] == keys
        return found

    def add(self, keys: Keys) -> None:
        """Add sorted keys that were not added before."""
        if not keys.size:
            return
        run = keys
        while self._runs and self._runs[-1].size <= 2 * run.size and run.size + self._runs[-1].size <= LARGEST_RUN:
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        self._runs.append(run)


def repeats(keys: Keys) -> Mask:
    """Whether each key equals an earlier one of the same array.

    >>> repeats(np.array([7, 5, 7], np.uint64)).tolist()
    [False, False, True]
    """
    mask = np.zeros(keys.size, bool)
    ordered = np.sort(keys)
    if keys.size > 1 and (ordered[1:] == ordered[:-1]).any():
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        mask[order[1:][ordered[1:] == ordered[:-1]]] = True
    return mask
