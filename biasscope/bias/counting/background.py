"""Work handed to a thread while the caller goes on: numpy releases the interpreter lock in its long loops."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")


class Background(Generic[Item]):
    """Calls under way in a few threads, answered in the order they were handed over.

    Parameters
    ----------
    workers
        Threads.
    ahead
        Calls that may be under way; more wait for the first, so that memory stays bounded.

    Examples
    --------
    >>> with Background[int]() as work:
    ...     early = [answer for number in range(5) for answer in work.hand_over(lambda n=number: n * n)]
    ...     early + list(work.rest())
    [0, 1, 4, 9, 16]
    """

    def __init__(self, workers: int = 1, ahead: int = 1) -> None:
        self._pool = ThreadPoolExecutor(workers)
        self._ahead = ahead
        self._waiting: deque[Future[Item]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def hand_over(self, call: Callable[[], Item]) -> Iterator[Item]:
        """Start a call; yields the answers that are due."""
        self._waiting.append(self._pool.submit(call))
        while len(self._waiting) > self._ahead or (self._waiting and self._waiting[0].done()):
            yield self._waiting.popleft().result()

    def rest(self) -> Iterator[Item]:
        """Answers of all calls still under way."""
        while self._waiting:
            yield self._waiting.popleft().result()
