"""Texts from the data, made fit for figures, pages and terminals. Imports nothing heavy."""

from __future__ import annotations

import unicodedata


def visible(text: str) -> str:
    r"""Text without control characters (line breaks included), which neither SVG nor a terminal can take.

    >>> visible("a\x00b\nc")
    'a\ufffdb c'
    """
    return "".join(
        " " if char in "\n\r\t" else "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in ("Cc", "Cs") else char
        for char in text
    )


def short(text: object, most: int = 28) -> str:
    """Label for an axis: visible characters only, cut with an ellipsis after ``most``.

    >>> short("a" * 40, 5)
    'aaaa…'
    """
    plain = visible(str(text))
    return plain if len(plain) <= most else plain[: most - 1] + "…"
