"""Texts from the data, made fit for figures, pages and terminals. Imports nothing heavy."""

from __future__ import annotations

import re

DASH = "\N{EN DASH}"
THIN = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

_SPACE = re.compile(r"[\n\r\t]")
_FORM = re.compile(r" \([^()]*\)\Z")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def visible(text: str) -> str:
    r"""Text without control characters, which no page, SVG or terminal should be given.

    Line breaks are among them, and the marks that turn the direction of text, with which a name can feign another.

    >>> visible("a\x00b\nc")
    'a\ufffdb c'
    """
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", _SPACE.sub(" ", text)) if _CONTROL.search(text) else text


def short(text: object, most: int = 28) -> str:
    """Label for an axis: visible characters only, cut with an ellipsis after ``most``; a short word in brackets stays.

    >>> short("a" * 40, 5), short("mobilenet_v2_imagenet (antialias)", 20)
    ('aaaa…', 'mobilen… (antialias)')
    """
    plain = visible(str(text))
    if len(plain) <= most:
        return plain
    form = _FORM.search(plain)
    end = form[0] if form and len(form[0]) <= most - 5 else ""
    return f"{plain[: most - 1 - len(end)]}…{end}"


def share(value: float | None) -> str:
    r"""Fraction in per cent; only what is 1 is written as 100.

    >>> share(0.0517), share(1.0), share(0.00002), share(0.9997), share(0.999995)
    ('5.2\u202f%', '100\u202f%', '<\u202f0.01\u202f%', '99.97\u202f%', '>\u202f99.99\u202f%')
    """
    if value is None:
        return DASH
    value = round(value, 9)
    if value in (0, 1):
        return f"{value * 100:.0f}{THIN}%"
    if 0 < abs(value) < 0.0001:
        return f"<{THIN}0.01{THIN}%" if value > 0 else f">{THIN}{MINUS}0.01{THIN}%"
    if 0.9999 < value < 1:
        return f">{THIN}99.99{THIN}%"
    digits = 2 if abs(value) < 0.01 or 0.9995 <= value < 1 else 1
    return f"{value * 100:,.{digits}f}{THIN}%".replace("-", MINUS)
