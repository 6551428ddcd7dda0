"""Models against each other: accuracy against consistency, consistency alone, published beside own."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import looks, names, percent
from biasscope.figures.style import INK, MAIN, MUTED, OTHER, PAPER, RULE, key_below, panel

MOST = 20
"""Published figures drawn at most; the table holds all of them."""


def pareto(result: Result) -> Figure | None:
    """Accuracy against consistency, a dot a model with intervals both ways, variants joined to their baseline."""
    found = [row for row in rows(result, "models") if None not in (row.get("consistency"), row.get("accuracy"))]
    if not found:
        return None
    styles = looks(names(rows(result, "models")))
    figure, ax = panel(4.6, 3.7 + 0.17 * (len(found) // 2))
    _families(ax, found)
    for row in found:
        look = styles[names([row])[0]]
        for x, y in _cross(row):
            ax.plot(x, y, color=look.colour, linewidth=1.3, alpha=0.6)
        label = short(row.get("model") or "(no name)")
        ax.plot(row["consistency"], row["accuracy"], look.mark, color=look.colour, markersize=6, label=label, zorder=3)
    _pareto_axes(ax, found)
    key_below(figure, ax)
    return figure


def _families(ax: Axes, found: list[dict[str, Any]]) -> None:
    """Thin lines from each baseline to the variants of its family."""
    bases = {row.get("family"): row for row in reversed(found) if row.get("variant") in ("baseline", "", None)}
    for row in found:
        base = bases.get(row.get("family"))
        if base is not None and base is not row and row.get("family"):
            ends = [[item[key] for item in (base, row)] for key in ("consistency", "accuracy")]
            ax.plot(*ends, color=MUTED, linewidth=0.8, alpha=0.7, zorder=1)


def _cross(row: dict[str, Any]) -> list[tuple[list[float], list[float]]]:
    """The two intervals of a model, as far as they are known."""
    x, y = row["consistency"], row["accuracy"]
    arms = [
        ([row.get("consistency_low"), row.get("consistency_high")], [y, y]),
        ([x, x], [row.get("accuracy_low"), row.get("accuracy_high")]),
    ]
    return [(a, b) for a, b in arms if None not in (*a, *b)]


def _pareto_axes(ax: Axes, found: list[dict[str, Any]]) -> None:
    for axis, key in ((ax.xaxis, "consistency"), (ax.yaxis, "accuracy")):
        ends = [row.get(f"{key}{end}") for row in found for end in ("", "_low", "_high")]
        known = [value for value in ends if value is not None]
        margin = max(0.01, (max(known) - min(known)) * 0.12)
        axis.set_view_interval(max(0, min(known) - margin), min(1.005, max(known) + margin), ignore=True)
        percent(axis)
    ax.grid(color=RULE, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set(xlabel="consistency → keeps its answer", ylabel="accuracy → is right")


def consistencies(result: Result) -> Figure | None:
    """Consistency of every model with its interval, for pictures without labels."""
    found = [row for row in rows(result, "models") if row.get("consistency") is not None]
    if not found or any(row.get("accuracy") is not None for row in found):
        return None
    figure, ax = panel(4.6, 0.9 + 0.26 * len(found))
    styles = looks(names(rows(result, "models")))
    for place, row in enumerate(found):
        look = styles[names([row])[0]]
        ends: Any = [row.get("consistency_low"), row.get("consistency_high")]
        if None not in ends:
            ax.plot(ends, [place, place], color=look.colour, linewidth=1.6, alpha=0.6)
        ax.plot(row["consistency"], place, look.mark, color=look.colour, markersize=6, clip_on=False)
    _named(ax, names(found))
    ax.set_xlabel("consistency")
    return figure


def _named(ax: Axes, labels: list[str]) -> None:
    ax.set_yticks(range(len(labels)), [short(name, 34) for name in labels])
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    percent(ax.xaxis)
    ax.grid(axis="x", color=RULE, linewidth=0.6)
    ax.set_axisbelow(True)


def _measure(row: dict[str, Any]) -> str:
    return short(str(row.get("measure") or "").replace("_", " "), 22)


def published(result: Result) -> Figure | None:
    """Published figures beside one's own, for rows of the same protocol."""
    known = [row for row in rows(result, "figures") if None not in (row.get("published"), row.get("own"))]
    found = [row for row in known if row.get("same_protocol") is True][:MOST]
    if not found:
        return None
    figure, ax = panel(4.6, 1.2 + 0.26 * len(found))
    for place, row in enumerate(found):
        ax.plot([row["published"], row["own"]], [place, place], color=MUTED, linewidth=0.8, zorder=1)
        ends: Any = [row.get("own_low"), row.get("own_high")]
        if None not in ends:
            ax.plot(ends, [place, place], color=MAIN, linewidth=3, alpha=0.35, solid_capstyle="butt")
        label = {"published": "published", "own": "own"} if not place else {}
        look: dict[str, Any] = {"markersize": 6, "color": OTHER, "markerfacecolor": PAPER, "clip_on": False}
        ax.plot(row["published"], place, "D", label=label.get("published"), **look)
        ax.plot(row["own"], place, "o", color=MAIN, markersize=5.5, label=label.get("own"), clip_on=False)
    _named(ax, [f"{short(row.get('model') or '', 18)}, {_measure(row)}" for row in found])
    key_below(figure, ax)
    return figure
