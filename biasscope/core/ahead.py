"""Many short calls in their order, several at a time where they wait for a disk or a network."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")

TOGETHER = 64
"""Calls made in a row: handing one over to a thread costs about as much as opening a file."""
THREADS = 8
WAITING = 1 / 3
"""Part of its time that a row of calls has to wait for the next ones to be made in threads: below it they compete."""


def ahead(call: Callable[[T], U], items: Sequence[T]) -> Iterator[U]:
    """What a call answers to each item, in the order of the items.

    Calls are made in the caller's thread, some dozens before their answers are asked for, until they are found to wait
    rather than to work: the others are made in threads, some thousand at most before their answers are asked for. What
    a call raises is raised behind the answers of all rows of ``TOGETHER`` before its own.

    >>> list(ahead(str.upper, ["a", "b"]))
    ['A', 'B']
    """
    rows = (items[start : start + TOGETHER] for start in range(0, len(items), TOGETHER))
    for row in rows:
        began, worked = time.perf_counter(), time.thread_time()
        answers = [call(item) for item in row]
        taken, work = time.perf_counter() - began, time.thread_time() - worked
        yield from answers
        if taken - work > WAITING * taken:
            break
    yield from _in_threads(call, rows)


def _in_threads(call: Callable[[T], U], rows: Iterator[Sequence[T]]) -> Iterator[U]:
    def answers(row: Sequence[T]) -> list[U]:
        return [call(item) for item in row]

    under_way = deque[Future[list[U]]]()
    pool = ThreadPoolExecutor(THREADS)
    try:
        for row in rows:
            under_way.append(pool.submit(answers, row))
            if len(under_way) > 2 * THREADS:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
