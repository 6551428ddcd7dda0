"""Class names: read from a file, compared between a source and a model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from biasscope.core.errors import InputError


def read_classes(path: Path) -> tuple[str, ...]:
    """Class names of a file, one a line.

    Raises
    ------
    InputError
        The file cannot be read, is empty, or names a class twice.
    """
    try:
        names = tuple(line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"the class names cannot be read ({reason})", where=str(path)) from error
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice or not names:
        raise InputError(f"{twice[0]!r} stands there twice" if twice else "the file is empty", where=str(path))
    return names


def plain(name: str) -> str:
    """Class name without what writers vary.

    Examples
    --------
    >>> plain("Great_White shark, white shark")
    'great white shark'
    """
    return " ".join(re.split(r"[\s_]+", name.split(",")[0].strip())).casefold()


def places(names: tuple[str, ...], model: tuple[str, ...]) -> tuple[list[int], list[str]]:
    """Output of each name (-1 without one) and the names that have none, or several."""
    exact, alike = _numbers(model), _numbers([plain(name) for name in model])
    found = []
    for name in names:
        several = exact.get(name) or alike.get(plain(name), [])
        found.append(several[0] if name and len(several) == 1 else -1)
    return found, [name for name, place in zip(names, found, strict=True) if name and place < 0]


def _numbers(names: Sequence[str]) -> dict[str, list[int]]:
    numbers: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        numbers.setdefault(name, []).append(number)
    return numbers


def some(names: Sequence[str]) -> str:
    """Give the first names, and how many there are."""
    shown = ", ".join(repr(name) for name in names[:5])
    return f"{shown}, ... ({len(names)})" if len(names) > 5 else shown
