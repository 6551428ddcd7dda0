"""One box an image: the reduction that makes p-values valid, in one pass over rows in any order.

Kept is the box of lowest rank of every (image, label). Its rank is a hash of its content, so the lowest of an image
over all labels is among those kept, and neither row order nor batches matter.

Memory: 53 bytes a (image, label) pair, plus what is pending. Beyond ``hold`` rows they are put aside in temporary files
and come back one part at a time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.counting.keys import ranks
from biasscope.bias.counting.rows import Rows, concatenate
from biasscope.bias.counting.spill import Spill
from biasscope.core.randomness import mix

PARTS = 16
PENDING, PENDING_IN_MEMORY = 1 << 14, 1 << 16
"""Rows of a part that wait, at least, before those of lowest rank are looked for among them."""


class OneAnImage:
    """Boxes chosen so far, in parts by image key so that reducing one needs little room."""

    def __init__(self, seed: int, *, hold: int | None = None) -> None:
        self.seed, self.hold = seed, hold
        self._aside = Spill()
        self._kept: list[list[Rows]] = [[] for _ in range(PARTS)]
        self._pending = [0] * PARTS

    def add(self, rows: Rows, label_keys: NDArray[np.uint64]) -> None:
        """Take rows into account; ``label_keys`` holds a stable key for each label index."""
        part = (rows.key >> np.uint64(60)).astype(np.uint8)  # of one byte, for which sorting is counting
        order = np.argsort(part, kind="stable")
        bounds = np.searchsorted(part[order], np.arange(PARTS + 1))
        for index in range(PARTS):
            chosen = order[bounds[index] : bounds[index + 1]]
            if len(chosen):
                self._append(index, rows.at(chosen), label_keys)
        if self.hold is not None and sum(len(rows.key) for kept in self._kept for rows in kept) > self.hold:
            self._put_aside()

    def parts(self, label_keys: NDArray[np.uint64]) -> Iterator[tuple[Rows, NDArray[np.bool_]]]:
        """Chosen rows part by part, and which of them is its image's one box over all labels. Empties this object."""
        for index in range(PARTS):
            aside = self._aside.take(index)
            self._kept[index] += [] if aside is None else [aside]
            if self._kept[index]:
                rank = self._reduce(index, label_keys)
                rows = self._kept[index].pop()
                yield rows, lowest(rows.key, rank, rows)

    def close(self) -> None:
        """Drop the temporary files."""
        self._aside.close()

    def _put_aside(self) -> None:
        for index, kept in enumerate(self._kept):
            for rows in kept:
                self._aside.put(index, rows)
            kept.clear()
            self._pending[index] = 0

    def _append(self, index: int, rows: Rows, label_keys: NDArray[np.uint64]) -> None:
        self._kept[index].append(rows)
        self._pending[index] += len(rows.key)
        least = PENDING_IN_MEMORY if self.hold is None else PENDING
        if self._pending[index] > max(least, len(self._kept[index][0].key)):
            self._reduce(index, label_keys)

    def _reduce(self, index: int, label_keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Keep the rows of lowest rank of a part; returns their ranks."""
        rows = concatenate(self._kept[index])
        pair, rank = mix(rows.key, label_keys[rows.label]), ranks(rows, self.seed)
        chosen = lowest(pair, rank, rows)
        self._kept[index] = [rows.at(chosen)]
        self._pending[index] = 0
        return rank[chosen]


def together(parts: Iterator[tuple[Rows, NDArray[np.bool_]]], most: int) -> Iterator[tuple[Rows, NDArray[np.bool_]]]:
    """Consecutive parts in one while they hold at most ``most`` rows."""
    waiting: list[tuple[Rows, NDArray[np.bool_]]] = []
    for part in parts:
        if waiting and sum(len(mask) for _, mask in (*waiting, part)) > most:
            yield _one(waiting)
            waiting = []
        waiting.append(part)
    if waiting:
        yield _one(waiting)


def _one(parts: list[tuple[Rows, NDArray[np.bool_]]]) -> tuple[Rows, NDArray[np.bool_]]:
    if len(parts) == 1:
        return parts[0]
    return concatenate([rows for rows, _ in parts]), np.concatenate([mask for _, mask in parts])


def lowest(key: NDArray[np.uint64], rank: NDArray[np.uint64], rows: Rows) -> NDArray[np.bool_]:
    """Mask of the one row of lowest rank of every key; near-duplicates of equal rank are settled by their corners."""
    order = np.argsort(key)
    key, rank = key.take(order), rank.take(order)
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    sizes = np.diff(np.append(starts, len(key)))
    best = rank == np.repeat(np.minimum.reduceat(rank, starts), sizes)
    winners = order[best]
    if len(winners) > len(starts):
        winners = _untie(winners, key[best], rows)
    mask = np.zeros(len(order), bool)
    mask[winners] = True
    return mask


def _untie(winners: NDArray[np.int64], key: NDArray[np.uint64], rows: Rows) -> NDArray[np.int64]:
    tied = rows.at(winners)
    order = np.lexsort((tied.y1, tied.x1, tied.y0, tied.x0, key))
    first = np.concatenate([[True], key[order][1:] != key[order][:-1]])
    return np.asarray(winners[order][first])
