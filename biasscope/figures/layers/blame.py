"""Which layer is to blame for a changed answer: the effects of patching, ranked."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import MOST, looks, names, of
from biasscope.figures.shiftmaps import titles
from biasscope.figures.style import INK, MUTED, PAPER, RULE, panel

RANKED = 14
"""Layers drawn at most in a panel; the table holds all of them."""

Row = dict[str, Any]


def blame(result: Result) -> dict[str, Figure] | None:
    """One panel a model: layers by how much of the change patching them takes back, all on one scale."""
    found = [row for row in rows(result, "layers") if row.get("effect") is not None]
    if not found:
        return None
    low, high = reach(found)
    styles = looks(names(rows(result, "layers")))
    made = {}
    for model in names(found)[:MOST]:
        made[model] = _panel(model, ranked(of(found, model))[:RANKED], (low, high), styles[model].colour)
    return made | {"": _key(any(row.get("first_order") is not None for row in found))}


def ranked(found: list[Row]) -> list[Row]:
    """Rows of a model, the most to blame first: by the table's rank where it has one, else by the effect."""
    if all(row.get("rank") is not None for row in found):
        return sorted(found, key=lambda row: row["rank"])
    return sorted(found, key=lambda row: -row["effect"])


def reach(found: list[Row]) -> tuple[float, float]:
    """Ends of the scale: of everything that is drawn, with room at both ends."""
    fields = ("effect", "low", "high", "first_order")
    values = [float(row[key]) for row in found for key in fields if row.get(key) is not None]
    low, high = min(0.0, *values), max(0.0, *values)
    return low - 0.04 * (high - low), high + 0.04 * ((high - low) or 1)


def _panel(model: str, found: list[Row], ends: tuple[float, float], colour: str) -> Figure:
    figure, ax = panel(4.6, 0.85 + 0.21 * len(found))
    for place, row in enumerate(found):
        _bar(ax, place, row, colour)
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.set_yticks(range(len(found)), [short(row.get("layer"), 24) for row in found])
    for text, row in zip(ax.get_yticklabels(), found, strict=True):
        text.set_color(INK)
        text.set_fontweight("bold" if row.get("subsampling") else "normal")
    ax.tick_params(axis="y", length=0)
    ax.set(ylim=(len(found) - 0.4, -0.6), xlim=ends, xlabel="effect of patching the layer")
    ax.grid(axis="x", color=RULE, linewidth=0.6)
    ax.set_axisbelow(True)
    titles(ax, short(model, 30), "")
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    return figure


def _bar(ax: Axes, place: int, row: Row, colour: str) -> None:
    ax.barh(place, row["effect"], height=0.62, color=colour, alpha=0.85 if row.get("subsampling") else 0.32)
    if row.get("low") is not None and row.get("high") is not None:
        ax.plot([row["low"], row["high"]], [place, place], color=INK, linewidth=1.1)
    if row.get("first_order") is not None:
        ax.plot(row["first_order"], place, marker="D", markersize=4, color=INK, markerfacecolor=PAPER, linestyle="")


def _key(first_order: bool) -> Figure:
    handles: list[Any] = [
        Patch(color=MUTED, alpha=0.85, label="subsampling layer"),
        Patch(color=MUTED, alpha=0.32, label="any other layer"),
        Line2D([], [], color=INK, linewidth=1.1, label="95 % interval over images"),
    ]
    if first_order:
        mark: dict[str, Any] = {"marker": "D", "markersize": 4, "markerfacecolor": PAPER, "linestyle": ""}
        handles.append(Line2D([], [], color=INK, label="first-order estimate", **mark))
    figure = Figure(figsize=(3.6, 0.25 + 0.2 * len(handles)))
    figure.legend(handles=handles, loc="upper left", borderaxespad=0.2, handlelength=1.8, labelspacing=0.35)
    return figure
