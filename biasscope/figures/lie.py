"""Lie derivatives: bars with intervals, one panel a transformation."""

from __future__ import annotations

import textwrap
from typing import Any

from matplotlib.figure import Figure

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import looks, names, of
from biasscope.figures.style import INK, RULE, panel


def bars(result: Result) -> dict[str, Figure] | None:
    """One panel a measure, one bar a model, from 0, with its interval."""
    found = [row for row in rows(result, "metrics") if row.get("value") is not None]
    return {name: _bars(of(found, name, "metric"), names(found)) for name in names(found, "metric")} or None


def _bars(found: list[dict[str, Any]], models: list[str]) -> Figure:
    figure, ax = panel(3.5, 0.95 + 0.28 * len(models))
    styles = looks(models)
    for row in found:
        name = names([row])[0]
        place = models.index(name)
        ax.barh(place, row["value"], height=0.6, color=styles[name].colour, alpha=0.55, linewidth=0)
        if row.get("low") is not None and row.get("high") is not None:
            ax.plot([row["low"], row["high"]], [place, place], color=INK, linewidth=1.1)
    ax.set_yticks(range(len(models)), [short(name, 30) for name in models])
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set_ylim(len(models) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.locator_params(axis="x", nbins=5)
    ax.grid(axis="x", color=RULE, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set_title("\n".join(textwrap.wrap(short(found[0].get("title") or found[0]["metric"], 84), 44)))
    return figure
