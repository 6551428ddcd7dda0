"""Lie derivatives: a dot and its interval for every model, one panel a transformation."""

from __future__ import annotations

import textwrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import looks, names, of
from biasscope.figures.style import INK, RULE, panel


def intervals(result: Result) -> dict[str, Figure] | None:
    """One panel a measure, one row a model; on a logarithmic axis where all numbers are positive, else from 0."""
    found = [row for row in rows(result, "metrics") if row.get("value") is not None]
    return {name: _panel(of(found, name, "metric"), names(found)) for name in names(found, "metric")} or None


def _panel(found: list[dict[str, Any]], models: list[str]) -> Figure:
    figure, ax = panel(3.5, 1.0 + 0.24 * len(models))
    styles = looks(models)
    for row in found:
        name = names([row])[0]
        place, look = models.index(name), styles[name]
        if row.get("low") is not None and row.get("high") is not None:
            ax.plot([row["low"], row["high"]], [place, place], color=look.colour, linewidth=1.6, alpha=0.6)
        ax.plot(row["value"], place, look.mark, color=look.colour, markersize=6)
    _axes(ax, found, models)
    title = short(found[0].get("title") or found[0]["metric"], 84)
    ax.set_title("\n".join(textwrap.wrap(title[:1].upper() + title[1:], 38)), fontsize=9, loc="left", x=0)
    return figure


def _axes(ax: Axes, found: list[dict[str, Any]], models: list[str]) -> None:
    ends = [row.get(key) for row in found for key in ("value", "low", "high")]
    if all(value > 0 for value in ends if value is not None):
        ax.set_xscale("log")
        ax.minorticks_off()
        ax.xaxis.set_major_locator(LogLocator(numticks=6))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        ax.set_xlim(left=min(0.0, *(value for value in ends if value is not None)))
        ax.locator_params(axis="x", nbins=5)
    ax.set_yticks(range(len(models)), [short(name, 26) for name in models])
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_ylim(len(models) - 0.5, -0.5)
    ax.grid(axis="x", color=RULE, linewidth=0.6)
    ax.set_axisbelow(True)
