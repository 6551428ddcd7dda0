"""Texts from the data, made fit for figures, pages and terminals. Imports nothing heavy."""

from __future__ import annotations

import re

_SPACE = re.compile(r"[\n\r\t]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    r"""Text without control characters, which no page, SVG or terminal should be given.

    Line breaks are among them, and the marks that turn the direction of text, with which a name can feign another.

    >>> visible("a\x00b\nc")
    'a\ufffdb c'
    """
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", _SPACE.sub(" ", text)) if _CONTROL.search(text) else text


def short(text: object, most: int = 28) -> str:
    """Label for an axis: visible characters only, cut with an ellipsis after ``most``.

    >>> short("a" * 40, 5)
    'aaaa…'
    """
    plain = visible(str(text))
    return plain if len(plain) <= most else plain[: most - 1] + "…"
