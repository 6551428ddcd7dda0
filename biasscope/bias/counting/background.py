"""Work handed to a thread while the caller goes on: numpy releases the interpreter lock in its long loops."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self


class Background:
    """Calls that a thread makes one after the other, in the order they were handed over.

    Parameters
    ----------
    ahead
        Calls that may be under way; more wait for the first, so that memory stays bounded.

    Examples
    --------
    >>> done = list[int]()
    >>> with Background() as work:
    ...     for number in range(5):
    ...         work.hand_over(lambda n=number: done.append(n * n))
    ...     work.finish()
    ...     done
    [0, 1, 4, 9, 16]
    """

    def __init__(self, ahead: int = 1) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._ahead = ahead
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def hand_over(self, call: Callable[[], None]) -> None:
        """Start a call; raises what an earlier one that is done has raised."""
        self._waiting.append(self._pool.submit(call))
        while self._waiting and (len(self._waiting) > self._ahead or self._waiting[0].done()):
            self._waiting.popleft().result()

    def finish(self) -> None:
        """Wait for all calls still under way."""
        while self._waiting:
            self._waiting.popleft().result()
