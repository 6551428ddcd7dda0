"""Progress on stderr: one line a step, gone without a terminal or with ``--quiet``. stdout is never touched."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
Advance = Callable[[int], None]


class Progress:
    """Says what is going on; silent by default, so that library use prints nothing."""

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show ``text`` while the block runs."""
        yield

    def count(self, items: Iterable[T], text: str) -> Iterator[T]:
        """Pass items through while showing how many went by."""
        yield from items

    @contextmanager
    def bar(self, text: str, total: int | None) -> Iterator[Advance]:
        """Give a function that is called with the number of items done since the last call.

        On a terminal a bar with the time left is shown; ``total`` may be unknown.
        """
        yield lambda done: None

    def warn(self, text: str) -> None:
        """Show a warning."""


class Terminal(Progress):
    """Progress drawn by rich on stderr: a spinner on a terminal, plain warnings anywhere."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show ``text`` beside a spinner while the block runs."""
        if not self._console.is_terminal:
            yield
            return
        with self._console.status(text):
            yield

    def count(self, items: Iterable[T], text: str) -> Iterator[T]:
        """Pass items through; on a terminal the running number is shown."""
        if not self._console.is_terminal:
            yield from items
            return
        with self._console.status(text) as status:
            for done, item in enumerate(items, 1):
                yield item
                status.update(f"{text} ({done})")

    @contextmanager
    def bar(self, text: str, total: int | None) -> Iterator[Advance]:
        """Draw a bar with the time left; without a terminal nothing is drawn."""
        if not self._console.is_terminal:
            yield lambda done: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._console, transient=True) as drawn:
            task = drawn.add_task(text, total=total)
            yield lambda done: drawn.advance(task, done)

    def warn(self, text: str) -> None:
        """Print a warning line."""
        print(f"biasscope: {text}", file=sys.stderr)  # noqa: T201
