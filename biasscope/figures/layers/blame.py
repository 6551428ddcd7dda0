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
from biasscope.figures.layers.depth import Depth, depth, label, lines
from biasscope.figures.looks import MOST, Look, grid_lines, looks, names, of, percent
from biasscope.figures.shiftmaps import titles
from biasscope.figures.style import INK, MUTED, PAPER, RULE, key_below, panel

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


def cumulative(result: Result) -> dict[str, Figure] | None:
    """What all layers up to each one did, against depth, one line a model."""
    found = [row for row in rows(result, "layers") if row.get("cumulative") is not None and row.get("layer")]
    found = [row for row in found if row.get("complete") is not False]
    if not found:
        return None
    axis = depth(Result(result.kind, "", tables=[item for item in result.tables if item.name == "layers"]))
    styles = looks(names(rows(result, "layers")))
    figure, ax = panel(11.1, 3.5 + 0.19 * (len(styles) // 4))
    lines(ax, axis)
    for model in names(found):
        line = sorted(of(found, model), key=lambda row: axis.places[model][str(row["layer"])])
        _cumulative(ax, line, axis, model, styles[model])
    ax.axhline(1, color=MUTED, linewidth=0.8)
    grid_lines(ax)
    percent(ax.yaxis)
    label(ax, axis)
    ax.set_ylabel("taken back, up to here")
    if len(names(found)) > 1:
        key_below(figure, ax)
    return {"Up to each layer": figure}


def _cumulative(ax: Axes, line: list[Row], axis: Depth, model: str, look: Look) -> None:
    x = [axis.places[model][str(row["layer"])] for row in line]
    y, low, high = (
        [float("nan") if row.get(f"cumulative{end}") is None else row[f"cumulative{end}"] for row in line]
        for end in ("", "_low", "_high")
    )
    ax.fill_between(x, low, high, color=look.colour, alpha=0.13, linewidth=0)
    fewer = [place for place, row in enumerate(line) if row.get("subsampling")]
    shown: dict[str, Any] = {"color": look.colour, "linestyle": look.dash, "linewidth": 1.6, "label": short(model)}
    ax.plot(x, y, marker=look.mark, markersize=5.5, markevery=fewer, **shown)


def ranked(found: list[Row]) -> list[Row]:
    """Rows of a model, the most to blame first: by the table's rank, rows without one behind, by their effect.

    >>> [row["effect"] for row in ranked([{"effect": 0.1}, {"effect": 0.2, "rank": 2}, {"effect": 0.4, "rank": 1}])]
    [0.4, 0.2, 0.1]
    """
    return sorted(found, key=lambda row: (row.get("rank") is None, row.get("rank") or 0, -row["effect"]))


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
    ax.set(ylim=(len(found) - 0.4, -0.6), xlim=ends, xlabel="share of the change of the answer's logit")
    percent(ax.xaxis)
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
