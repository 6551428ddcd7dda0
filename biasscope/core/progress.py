"""Progress on stderr: one line a step, gone without a terminal or with ``--quiet``. stdout is never touched."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Progress:
    """Says what is going on; silent by default, so that library use prints nothing."""

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show ``text`` while the block runs."""
        yield

    def count(self, items: Iterable[T], text: str) -> Iterator[T]:
        """Pass items through while showing how many went by."""
        yield from items

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

    def warn(self, text: str) -> None:
        """Print a warning line."""
        print(f"biasscope: {text}", file=sys.stderr)  # noqa: T201
