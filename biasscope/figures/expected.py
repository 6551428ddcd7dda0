"""Published numbers beside those that were measured."""

from __future__ import annotations

from collections import Counter
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import percent
from biasscope.figures.style import INK, MAIN, MUTED, OTHER, PAPER, RULE, key_below, panel

MOST, LONGEST = 24, 50
"""Numbers drawn at most, and letters of their names; the table holds all of both."""


def expected(result: Result) -> Figure | None:
    """Numbers of the unit that most of them have: a diamond as published, a dot as measured with its interval."""
    known = [row for row in rows(result, "numbers") if None not in (row.get("published"), row.get("measured"))]
    if not known:
        return None
    [(unit, _)] = Counter(str(row.get("unit") or "") for row in known).most_common(1)
    found = [row for row in known if str(row.get("unit") or "") == unit][:MOST]
    figure, ax = panel(5.2, 1.2 + 0.26 * len(found))
    for place, row in enumerate(found):
        _row(ax, place, row)
    _axis(ax, found, unit)
    key_below(figure, ax)
    return figure


def _row(ax: Axes, place: int, row: dict[str, Any]) -> None:
    published, tolerance = row["published"], row.get("tolerance")
    ax.plot([published, row["measured"]], [place, place], color=MUTED, linewidth=0.8, zorder=1)
    if tolerance:
        ax.plot([published - tolerance, published + tolerance], [place, place], color=OTHER, linewidth=7, alpha=0.25)
    ends: Any = [row.get("measured_low"), row.get("measured_high")]
    if None not in ends:
        ax.plot(ends, [place, place], color=MAIN, linewidth=3, alpha=0.35, solid_capstyle="butt")
    label = {"D": "published", "o": "measured here"} if not place else {}
    look: dict[str, Any] = {"color": OTHER, "markersize": 6, "markerfacecolor": PAPER, "clip_on": False}
    ax.plot(published, place, "D", label=label.get("D"), **look)
    ax.plot(row["measured"], place, "o", color=MAIN, markersize=5.5, label=label.get("o"), clip_on=False)


def _axis(ax: Axes, found: list[dict[str, Any]], unit: str) -> None:
    ax.set_yticks(range(len(found)), [short(str(row.get("figure") or ""), LONGEST) for row in found])
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_ylim(len(found) - 0.5, -0.5)
    if unit == "share":
        percent(ax.xaxis)
    elif unit:
        ax.set_xlabel(unit)
    ax.grid(axis="x", color=RULE, linewidth=0.6)
    ax.set_axisbelow(True)
