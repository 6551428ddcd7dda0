"""Words about pictures: the order of names that hold numbers, and counts."""

from __future__ import annotations

import re


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Key that sorts numbers in names by value.

    Examples
    --------
    >>> sorted(["f10.png", "f9.png", "f09b.png"], key=natural)
    ['f9.png', 'f09b.png', 'f10.png']
    """
    parts = re.split(r"(\d+)", name)
    # Text and numbers take turns, so places of the same sort are compared; the name itself settles what is left.
    return (*((int(part), "") if part.isdecimal() else (0, part) for part in parts), (0, name))


def counted(number: int, noun: str) -> str:
    """Number and noun.

    >>> counted(1, "picture"), counted(1200, "picture"), counted(2, "class")
    ('1 picture', '1,200 pictures', '2 classes')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}{'es' if noun.endswith(('s', 'x')) else 's'}"
