"""Which numbers an address with wildcards means."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from functools import lru_cache


def matching(pattern: str, names: Collection[str]) -> list[str]:
    """Names that a pattern means: the name itself, else all that match, ``*`` for any text and ``?`` for one letter.

    Brackets stand for themselves, since addresses of cells hold them.

    >>> matching("layers[*].value", ["layers[conv].value", "layers[pool].low", "layers[pool].value"])
    ['layers[conv].value', 'layers[pool].value']
    """
    if pattern in names:
        return [pattern]
    if not {"*", "?"} & set(pattern):
        return []
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
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(char, re.escape(char)) for char in pattern), re.DOTALL)
