"""Numbers as people read them. Undefined numbers are a dash; typographic minus and narrow spaces are used."""

from __future__ import annotations

import re
from collections.abc import Callable

from biasscope.core.results import Cell, Scalar
from biasscope.figures import labels

DASH, THIN, MINUS = labels.DASH, labels.THIN, labels.MINUS
share = labels.share
MEASURES = {
    "effect": "effect (bias-corrected Cram\u00e9r's V)",
    "displacement_u": "displacement, horizontal",
    "displacement_v": "displacement, vertical",
    "concentration_u": "concentration, horizontal",
    "concentration_v": "concentration, vertical",
}
SHARES = ("share", "fraction", "proportion", "%")
"""Units that are shown in per cent."""
AMOUNTS = ("dB",)
_AMOUNTS_BY_NAME = ("copies_needed", "extrapolated", "decibels", "size_ratio2")
RATIO = "ratio"
"""Unit of what is 1 where two things are equal; it has no end."""
_SHARES_BY_NAME = (
    *("edge_", "slack_", "visible_fraction", "lost", "cut", "median_scale", "accuracy", "chance", "recall"),
    *("consistency", "agreement", "k_agreement", "worst_case", "worst_of", "top1", "top5", "fidelity", "flip_rate"),
    *("right_to", "wrong_to", "changed"),
)
_COUNTED = ("classes", "boxes", "images", "rows", "pixels", "files")
_COUNTS_BY_NAME = ("classes", "tested", "nonuniform", *_COUNTED)
TINY = 0.00005
"""Size below which a number is only said to be below 0.0001."""
_PROBABILITY = re.compile(r"(^|_)[pq](_|$)")


def count(value: float | None) -> str:
    """Whole number with thousands separators.

    >>> count(80477)
    '80,477'
    """
    return DASH if value is None else f"{value:,.0f}".replace("-", MINUS)


def real(value: float | None) -> str:
    """Number with three decimals, more when it is tiny and fewer when it is large.

    >>> real(0.2291), real(12.34), real(1234.5)
    ('0.229', '12.34', '1,234')
    """
    if value is None:
        return DASH
    size = abs(value)
    if value == 0:
        text = "0"
    elif size < TINY:
        text = f"<{THIN}0.0001" if value > 0 else f">{THIN}-0.0001"
    else:
        text = (
            f"{value:,.0f}"
            if size >= 1000
            else f"{value:.{4 if size < 0.0005 else 3 if size < 10 else 2 if size < 100 else 1}f}"
        )
    return text.replace("-", MINUS)


def amount(value: float | None) -> str:
    """Number that is known to a tenth at best, as decibels and copies needed; what is exactly whole without decimals.

    >>> amount(5.106), amount(3.98), amount(1.0), amount(0.04), amount(1234.5)
    ('5.1', '4.0', '1', '0.040', '1,234')
    """
    if value is None or not 0.05 <= abs(value) < 1000:
        return real(value)
    return f"{value:,.{0 if value == int(value) else 1}f}".replace("-", MINUS)


def asked(value: float | None) -> str:
    """Number that was asked for, as it was written: nothing is rounded off but what is behind its sixth digit.

    >>> asked(-5.0), asked(0.25), asked(22.75), asked(0.1 + 0.2)
    ('\u22125', '0.25', '22.75', '0.3')
    """
    return DASH if value is None else f"{value:g}".replace("-", MINUS)


def signed(value: float | None) -> str:
    r"""Number whose sign matters: as :func:`real`, with a plus.

    >>> signed(0.021), signed(0.00001)
    ('+0.021', '<\u202f+0.0001')
    """
    if value is None or value <= 0:
        return real(value)
    return f"<{THIN}+0.0001" if value < TINY else f"+{real(value)}"


def points(value: float | None) -> str:
    r"""Difference of two shares, in points of a per cent, with its sign.

    >>> points(0.0312), points(0.0), points(0.00002)
    ('+3.1 points', '0 points', '+0.0020 points')
    >>> points(1e-9)
    '<\u202f+0.0001 points'
    """
    if value is None:
        return DASH
    digits = 1 if abs(value) >= 0.001 else 2 if abs(value) >= TINY else 4
    text = f"{value * 100:+.{digits}f}" if value else "0"
    if 0 < abs(value) * 100 < TINY:
        text = f"<{THIN}+0.0001" if value > 0 else f">{THIN}-0.0001"
    return f"{text} points".replace("-", MINUS)


def span(show: Callable[[float | None], str], low: float | None, high: float | None) -> str:
    """Interval in the way that its number is shown; nothing when an end is unknown.

    >>> span(points, 0.01, 0.02), span(real, None, 1.0)
    ('+1.0 to +2.0', '')
    """
    return "" if low is None or high is None else f"{show(low)} to {show(high)}".replace(" points", "")


def probability(value: float | None) -> str:
    r"""p- or q-value.

    >>> probability(0.00003), probability(0.0213), probability(0.4)
    ('<\u202f0.0001', '0.021', '0.40')
    """
    if value is None:
        return DASH
    if value < 0.0001:
        return f"<{THIN}0.0001"
    return f"{value:.4f}" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


STYLES = {
    "count": count, "share": share, "real": real, "amount": amount, "asked": asked, "signed": signed,
    "probability": probability, "points": points,
}  # fmt: skip
"""Ways to show a number, by name."""


def style(name: str, unit: str = "", *, whole: bool = False) -> str:
    """Way to show a number, from its machine name, its unit and whether it is whole.

    >>> style("q_raw"), style("edge_contact", "share"), style("boxes", "boxes"), style("displacement_u")
    ('probability', 'share', 'count', 'signed')
    """
    if name.startswith(("mean_absolute", "wobble")):
        return "real"
    if unit in AMOUNTS or name.startswith(_AMOUNTS_BY_NAME):
        return "amount"
    if "_difference" in name or "_gain" in name or name.endswith("_over_chance"):
        return "points"
    if unit in SHARES or (not unit and name.startswith(_SHARES_BY_NAME)):
        return "share"
    if _PROBABILITY.search(name):
        return "probability"
    if "displacement" in name or "correlation" in name or name.endswith("effect_change"):
        return "signed"
    return "count" if whole or unit in _COUNTED else "real"


def unit(scalar: Scalar) -> str:
    """Unit to be printed behind a number, unless the number or the title says it already.

    >>> unit(Scalar("tested", 948, "classes tested", unit="classes")), unit(Scalar("mi", 0.41, unit="bits"))
    ('', 'bits')
    """
    if of_family(scalar):
        return f"of {count(scalar.n)}"
    return "" if scalar.unit in (*SHARES, RATIO) or scalar.unit in scalar.title.split() else scalar.unit


def of_family(scalar: Scalar) -> bool:
    """Whether a scalar counts some of its n, so that it reads as "721 of 874"."""
    known = scalar.n is not None and scalar.value is not None and not scalar.name.startswith("tested")
    return known and scalar_style(scalar) == "count" and scalar.value <= scalar.n  # type: ignore[operator]


def scalar_style(scalar: Scalar) -> str:
    """Way to show a scalar; a whole number above 1, or a whole ratio, without interval is a count.

    >>> scalar_style(Scalar("tested", 998.0)), scalar_style(Scalar("effect", 0.5))
    ('count', 'real')
    """
    value = scalar.value
    whole = value is not None and value == int(value) and not scalar.interval
    whole = whole and (abs(value or 0) > 1 or scalar.unit == RATIO or scalar.name.startswith(_COUNTS_BY_NAME))
    return style(scalar.name, scalar.unit, whole=whole)


def scalar(item: Scalar) -> str:
    """Value of a scalar, without its unit."""
    return STYLES[scalar_style(item)](item.value)


def bounds(item: Scalar) -> str:
    """Interval of a scalar, or nothing.

    >>> from biasscope.core.results import interval
    >>> bounds(Scalar("effect", 0.2, interval=interval(0.1, 0.3)))
    '0.100 to 0.300'
    """
    if item.interval is None:
        return ""
    show = STYLES[scalar_style(item)]
    return span(show, item.interval.low, item.interval.high)


def measure(value: Cell) -> str:
    """Title of a measure from its machine name, for tables that have no titles.

    >>> measure("displacement_v"), measure("new_thing")
    ('displacement, vertical', 'new thing')
    """
    name = anything(value)
    return MEASURES.get(name, name.replace("_", " "))


def anything(value: Cell) -> str:
    """A parameter of any type.

    >>> anything([8, 8]), anything(True), anything(0.05)
    ('8, 8', 'yes', '0.05')
    """
    if value is None or value == "":
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(anything(item) for item in value)
    return value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else f"{value:g}"
