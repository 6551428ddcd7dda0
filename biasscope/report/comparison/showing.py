"""Numbers of a comparison as people read them: values, differences with their intervals, verdicts."""

from __future__ import annotations

from collections.abc import Callable

from biasscope.core.results import Interval
from biasscope.report import wording
from biasscope.report.comparison.model import Change, Status

VERDICTS: dict[Status, str] = {
    "worse": "worse",
    "better": "better",
    "changed": "changed",
    "unclear": "not told from chance",
    "unjudged": "no interval",
    "undefined": "not defined in one",
    "same": "the same",
}
"""What is printed of a status."""
SIGNED = {"share": wording.points, "points": wording.points, "count": lambda value: _counted(value)}


def style(item: Change) -> str:
    """Way to show the values of a number: one of ``wording.STYLES``."""
    values = [value for value in (item.a, item.b) if value is not None]
    exact = item.interval is None and all(value == int(value) for value in values)
    large = any(abs(value) > 1 for value in values) or item.name.startswith(("classes", "tested", "nonuniform"))
    return wording.style(item.name.partition("@")[0], item.unit, whole=item.whole or (exact and large))


def bare(item: Change, which: float | None) -> str:
    """Value of a number without its unit."""
    return wording.STYLES[style(item)](which).replace(" points", "")


def value(item: Change, which: float | None) -> str:
    """Value of a number with its unit, unless the title says it."""
    shown = wording.STYLES[style(item)](which)
    said = item.unit in wording.SHARES or item.unit in item.title.split() or which is None
    return shown if said or not item.unit or " " in item.unit else f"{shown} {item.unit}"


def ends(item: Change, interval: Interval | None) -> str:
    """Interval of a value; nothing without one."""
    return "" if interval is None else wording.span(wording.STYLES[style(item)], interval.low, interval.high)


def change(item: Change) -> str:
    """Difference with its sign.

    >>> import msgspec
    >>> fell = Change(address="k.n", name="consistency", title="", status="worse", a=1.0, b=0.9, unit="share")
    >>> change(msgspec.structs.replace(fell, difference=-0.1)).endswith("10.0 points")
    True
    """
    return _signed(item)(item.difference)


def reach(item: Change) -> str:
    """Interval of the difference; nothing without one."""
    return "" if item.interval is None else wording.span(_signed(item), item.interval.low, item.interval.high)


def probability(value: float) -> str:
    """Probability p or q."""
    return wording.probability(value)


def verdict(item: Change) -> str:
    """Status in words; of numbers without an interval also which way they went."""
    if item.status == "unjudged" and item.better and item.difference:
        return "better, no interval" if (item.difference > 0) == (item.better == "higher") else "worse, no interval"
    return VERDICTS[item.status]


def _signed(item: Change) -> Callable[[float | None], str]:
    return SIGNED.get(style(item), wording.signed)


def _counted(value: float | None) -> str:
    return wording.count(value) if value is None or value <= 0 else f"+{wording.count(value)}"
