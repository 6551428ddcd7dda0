"""Which numbers an address with wildcards means."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from functools import lru_cache

FIRST = "#1."
"""How an address may say that it is about the first result of its kind, whose name has no number."""


def matching(pattern: str, names: Collection[str]) -> list[str]:
    """Names that a pattern means: the name itself, else all that match, ``*`` for any text and ``?`` for one letter.

    With wildcards all results of the kind are meant, ``kind``, ``kind#2`` and so on, unless the pattern says which;
    ``kind#1`` is the first. Brackets stand for themselves, since addresses of cells hold them.

    >>> matching("layers[*].value", ["layers[conv].value", "layers[pool].low", "layers[pool].value"])
    ['layers[conv].value', 'layers[pool].value']
    >>> names = ["shifts.accuracy@net", "shifts#2.accuracy@net"]
    >>> matching("shifts.accuracy@*", names) == names, matching("shifts#1.accuracy@*", names)
    (True, ['shifts.accuracy@net'])
    >>> matching("*#1.accuracy@*", names), matching("s*#*.accuracy@net", names) == names
    (['shifts.accuracy@net'], True)
    """
    if pattern in names:
        return [pattern]
    if not {"*", "?"} & set(pattern):
        first = pattern.replace(FIRST, ".", 1)
        return [first] if first in names else []
    expression = _expression(pattern)
    return [name for name in names if expression.fullmatch(name)]


def nearest(pattern: str, names: Iterable[str]) -> str:
    """Name most like one that is not there; empty when none is near.

    >>> nearest("position.efect", ["position.effect", "scale.median"])
    'position.effect'
    """
    plain = [name for name in names if ("[" in name) == ("[" in pattern)]
    return next(iter(get_close_matches(pattern, plain[:2000], 1, 0.7)), "")


@lru_cache(maxsize=256)
def _expression(pattern: str) -> re.Pattern[str]:
    kind, dot, rest = pattern.partition(".")
    bare, mark, place = kind.partition("#")
    within = "[^#]" if place == "1" else "."
    return re.compile(f"{_text(bare, within)}{_place(mark, place)}{_text(dot + rest)}", re.DOTALL)


def _place(mark: str, place: str) -> str:
    """Which results of a kind are meant: all of them unless it is said; the first has no number in its name."""
    if place == "1":
        return ""
    number = _text(place or "*", "[0-9]")
    return f"(?:#{number})?" if not mark or {"*", "?"} & set(place) else f"#{number}"


def _text(pattern: str, one: str = ".") -> str:
    parts = {"*": f"{one}*", "?": one}
    return "".join(parts.get(char, re.escape(char)) for char in pattern)
