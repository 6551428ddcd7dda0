"""Work that goes on in a thread while the caller does something else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def later(call: Callable[[], T]) -> Future[T]:
    """Answer of a call that is made meanwhile; asking for it waits, and raises what the call raised.

    A program that ends without asking does not wait: an interruption is not held up by it.

    >>> later(lambda: 6 * 7).result()
    42
    """
    answer: Future[T] = Future()

    def make() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # raised where the answer is asked for
            answer.set_exception(error)

    Thread(target=make, daemon=True).start()
    return answer
