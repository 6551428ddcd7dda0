"""Lists of numbers as people write them, and what grids of shifts have in common with them."""

from __future__ import annotations

import re
from math import isfinite

from biasscope.core.errors import UsageError

MOST_VIEWS = 100_000
NUMBERS = "Write 60,100,150 or 95..105 or -30..30:5."
NUMBER = r"[-+]?\d{1,9}(?:\.\d{1,9})?"
STEP = r"(?::(?P<step>\d{1,6}(?:\.\d{1,9})?))?"
"""Patterns of a number, and of a step where one may follow."""


def step_of(text: str | None, words: str, hint: str) -> float:
    """Give the step that is written, 1 where none is; refuse one that is not positive."""
    step = float(text or 1)
    if not isfinite(step) or step <= 0:
        raise UsageError(f"the step of {words!r} is not positive", hint=hint)
    return step


def bounded(count: int, words: str) -> int:
    """Give the number of views; refuse none, and more than `MOST_VIEWS`."""
    if not 1 <= count <= MOST_VIEWS:
        raise UsageError(f"{words!r} makes {count} views", hint=f"There are between 1 and {MOST_VIEWS} views.")
    return count


def parse_numbers(text: str, noun: str = "numbers") -> tuple[float, ...]:
    """Read a list of numbers: ``"60,100,150"``, ``"95..105"`` or ``"-30..30:5"``.

    Raises
    ------
    UsageError
        The text is not such a list.

    Examples
    --------
    >>> parse_numbers("-10..10:5")
    (-10.0, -5.0, 0.0, 5.0, 10.0)
    """
    words = text.replace(" ", "")
    if found := re.fullmatch(rf"(?P<first>{NUMBER})\.\.(?P<last>{NUMBER}){STEP}", words):
        first, last, step = float(found["first"]), float(found["last"]), step_of(found["step"], words, NUMBERS)
        count = bounded(int((last - first) / step + 1e-9) + 1 if last >= first else 0, words)
        return tuple(first + i * step for i in range(count))
    if re.fullmatch(rf"{NUMBER}(?:,{NUMBER})*", words):
        return tuple(float(word) for word in words.split(","))
    raise UsageError(f"{text!r} are not {noun}", hint=NUMBERS)
