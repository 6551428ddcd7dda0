"""The order in which views are evaluated, and the chunks of fixed size that they are evaluated in."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasscope.core.errors import UsageError

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Order:
    """Views in an order in which every view comes after those that it is compared with; the reference is first.

    Attributes
    ----------
    views
        View at each position, (S,).
    positions
        Position of each view, (S,).
    previous
        Position of the k-th predecessor of the view at each position, -1 for none, (K, S).
    """

    views: Integers
    positions: Integers
    previous: Integers

    def __len__(self) -> int:
        return len(self.views)


def evaluation_order(steps: Integers, reference: int) -> Order:
    """Order views: the reference first, then as given unless a predecessor has to come before.

    The reference itself may have predecessors: it is compared with them at the end.

    Raises
    ------
    UsageError
        Views are predecessors of one another in a circle.

    Examples
    --------
    >>> evaluation_order(np.array([[-1, 0, 1, 2]]), 2).views.tolist()
    [2, 0, 1, 3]
    """
    count = steps.shape[1]
    waiting = [{int(p) for p in steps[:, view] if p >= 0 and p != reference} for view in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for view in range(count):
        for parent in waiting[view]:
            after[parent].append(view)
    waiting[reference] = set()
    ready = [view for view in range(count) if not waiting[view] and view != reference]
    views = [reference, *_released(ready, waiting, after, reference)]
    if len(views) != count:
        raise UsageError("views of the transformation are predecessors of one another in a circle")
    return _order(np.array(views, np.int64), steps)


def _released(ready: list[int], waiting: list[set[int]], after: list[list[int]], reference: int) -> Iterator[int]:
    heapq.heapify(ready)
    while ready:
        view = heapq.heappop(ready)
        yield view
        for child in after[view]:
            waiting[child].discard(view)
            if not waiting[child] and child != reference:
                heapq.heappush(ready, child)


def _order(views: Integers, steps: Integers) -> Order:
    positions = np.empty_like(views)
    positions[views] = np.arange(len(views))
    before = steps[:, views]
    return Order(views, positions, np.where(before >= 0, positions[before], -1))


@dataclass(frozen=True)
class Chunk:
    """Pairs of a view and a picture for one forward pass, always the same number of them.

    Pairs are numbered view by view in evaluation order; this chunk holds the pairs from ``start`` to ``stop``, the rest
    of its lists repeats the last pair and is not looked at.
    """

    start: int
    stop: int
    views: list[int]
    pictures: list[int]

    @property
    def used(self) -> int:
        """Number of pairs that count."""
        return self.stop - self.start


def chunks(views: Integers, pictures: int, size: int) -> Iterator[Chunk]:
    """Cut all pairs of ``views`` (in evaluation order) and pictures into chunks.

    Examples
    --------
    >>> [(chunk.views, chunk.pictures, chunk.used) for chunk in chunks(np.array([7, 5]), 3, 4)]
    [([7, 7, 7, 5], [0, 1, 2, 0], 4), ([5, 5, 5, 5], [1, 2, 2, 2], 2)]
    """
    total = len(views) * pictures
    for start in range(0, total, size):
        pairs = np.minimum(np.arange(start, start + size), total - 1)
        yield Chunk(start, min(start + size, total), views[pairs // pictures].tolist(), (pairs % pictures).tolist())
