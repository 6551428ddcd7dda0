"""The order of names that hold numbers."""

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
