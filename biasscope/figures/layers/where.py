"""Where shiftability is lost: measures against depth, one line a model."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.layers.depth import Depth, depth, label, lines
from biasscope.figures.looks import Look, grid_lines, key, looks, names, of, percent
from biasscope.figures.style import INK, MUTED, PAPER, key_below, panel

Row = dict[str, Any]
LEADING = ("nonshiftability", "equivariance_cosine", "equivariance_l2", "sum_variation")
"""Measures that may be the one that answers "where", the first that there is."""


@dataclass(frozen=True)
class Rise:
    """Rise of a measure to a layer, and what subsamples on the way there, where the table says it."""

    model: str
    layer: str
    size: float
    behind: str = ""


def leading(result: Result) -> str:
    """Name of the measure that answers "where": that of the table of jumps, else the first of `LEADING` that is there.

    >>> from biasscope.core.results import table
    >>> measures = table("measures", {"measure": ["aliasing", "nonshiftability"], "value": [0.1, 0.2]})
    >>> leading(Result("layers", "", tables=[measures]))
    'nonshiftability'
    """
    known = measured(result)
    told = [name for name in names(rows(result, "jumps"), "measure") if name in known]
    return (told + [name for name in LEADING if name in known] + known + [""])[0]


def measured(result: Result) -> list[str]:
    """Measures that have a value at some layer, in order."""
    return names([row for row in rows(result, "measures") if row.get("value") is not None], "measure")


def titled(found: list[Row]) -> str:
    """Title of a measure, from its rows."""
    given = next((row["title"] for row in found if row.get("title")), None)
    title = str(given or next((row.get("measure") for row in found), "") or "").replace("_", " ")
    return title[:1].upper() + title[1:]


def shares(found: list[Row]) -> bool:
    """Whether a measure is a share, by its unit."""
    return any(str(row.get("unit") or "").startswith("share") for row in found)


def where(result: Result) -> dict[str, Figure] | None:
    """Picture that answers "where": the leading measure at every layer, the largest rise written at its place."""
    name, axis = leading(result), depth(result)
    found = of(rows(result, "measures"), name, "measure")
    if not name or not axis.places:
        return None
    styles = looks(list(axis.places))
    figure, ax = panel(11.1, 4.3 + 0.19 * (len(styles) // 4))
    _curves(ax, found, axis, styles)
    _rises(ax, found, axis, rises(result), styles)
    label(ax, axis)
    ax.set_ylabel(short(titled(found), 48))
    if len(styles) > 1:
        key_below(figure, ax)
    return {titled(found): figure}


def others(result: Result) -> dict[str, Figure] | None:
    """One panel for every further measure, over the same layers."""
    first, axis = leading(result), depth(result)
    if not axis.places:
        return None
    styles = looks(list(axis.places))
    made = {}
    for name in measured(result):
        found = of(rows(result, "measures"), name, "measure")
        if name != first:
            made[name] = _small(found, axis, styles)
    return (made | ({"": key(list(styles))} if len(styles) > 1 else {})) if made else None


def _small(found: list[Row], axis: Depth, styles: dict[str, Look]) -> Figure:
    figure, ax = panel(4.2, 2.3)
    _curves(ax, found, axis, styles, small=True)
    label(ax, axis, named=False)
    ax.set_title(short(titled(found), 62), fontsize=8.5, loc="left")
    return figure


def _curves(ax: Axes, found: list[Row], axis: Depth, styles: dict[str, Look], *, small: bool = False) -> None:
    lines(ax, axis)
    for model, look in styles.items():
        _curve(ax, compared(of(found, model), axis, model), axis.behind[model], look, short(model), small)
    grid_lines(ax)
    low, high = ax.get_ylim()
    ax.set_ylim(min(0.0, low), high)
    ax.yaxis.set_major_locator(MaxNLocator(4 if small else 6))
    if shares(found):
        percent(ax.yaxis)


def compared(found: list[Row], axis: Depth, model: str) -> list[tuple[float, Row]]:
    """Rows of one model and measure at the layers that its line goes through; all when it has none of them."""
    line = placed(found, axis.places[model])
    return [pair for pair in line if str(pair[1].get("layer")) in axis.compared[model]] or line


def placed(found: list[Row], places: dict[str, float]) -> list[tuple[float, Row]]:
    """Rows of one model and measure with their places on the axis, in order of it."""
    kept = [(places[str(row.get("layer"))], row) for row in found if str(row.get("layer")) in places]
    return sorted(kept, key=lambda pair: pair[0])


def _curve(ax: Axes, line: list[tuple[float, Row]], fewer: frozenset[str], look: Look, name: str, small: bool) -> None:
    x = [place for place, _ in line]
    y, low, high = (
        np.array([np.nan if row.get(field) is None else row[field] for _, row in line], float)
        for field in ("value", "low", "high")
    )
    if np.isfinite(low).any():
        ax.fill_between(x, low, high, color=look.colour, alpha=0.13, linewidth=0)
    size = 3.6 if small else 5.5
    shown: dict[str, Any] = {"color": look.colour, "linestyle": look.dash, "linewidth": 1.2 if small else 1.6}
    at = [place for place, (_, row) in enumerate(line) if str(row.get("layer")) in fewer]
    ax.plot(x, y, marker=look.mark, markersize=size, markevery=at, label=name, **shown)
    rest = [place for place in range(len(line)) if place not in at]
    few = len(line) <= 40 and not small
    face: dict[str, Any] = {"markersize": 3, "markerfacecolor": PAPER, "markeredgewidth": 0.8}
    if few:
        ax.plot([x[i] for i in rest], y[rest], marker=look.mark, linestyle="", color=look.colour, **face)


def rises(result: Result) -> list[Rise]:
    """Largest rise of the leading measure in every model, from the table of jumps, else from the measures."""
    name = leading(result)
    told = [row for row in of(rows(result, "jumps"), name, "measure") if row.get("rise") is not None]
    made = [_rise(row) for row in told] or _steps(result, name)
    best: dict[str, Rise] = {}
    for rise in sorted(made, key=lambda item: -item.size):
        best.setdefault(rise.model, rise)
    return [rise for rise in best.values() if rise.size > 0]


def _rise(row: Row) -> Rise:
    return Rise(names([row])[0], str(row.get("layer")), float(row["rise"]), str(row.get("behind") or ""))


def _steps(result: Result, name: str) -> list[Rise]:
    made, found, axis = [], of(rows(result, "measures"), name, "measure"), depth(result)
    for model in axis.places:
        line = [row for _, row in compared(of(found, model), axis, model) if row.get("value") is not None]
        made += [Rise(model, str(b["layer"]), b["value"] - a["value"]) for a, b in pairwise(line)]
    return made


def _rises(ax: Axes, found: list[Row], axis: Depth, best: list[Rise], styles: dict[str, Look]) -> None:
    """Thick below the line where a model rises most; the largest of all is written out."""
    for number, rise in enumerate(item for item in best if item.model in styles):
        line = compared(of(found, rise.model), axis, rise.model)
        known = [(x, row) for x, row in line if row.get("value") is not None]
        at = next((place for place, (_, row) in enumerate(known) if str(row["layer"]) == rise.layer), None)
        if not at:
            continue
        x, y = zip(*[(x, row["value"]) for x, row in known[at - 1 : at + 1]], strict=True)
        ax.plot(x, y, color=styles[rise.model].colour, alpha=0.28, linewidth=7, solid_capstyle="round", zorder=1)
        if not number:
            _told(ax, (sum(x) / 2, sum(y) / 2), rise, shares(found))


def _told(ax: Axes, at: tuple[float, float], rise: Rise, share: bool) -> None:
    size = f"+{rise.size * 100:.3g} points" if share else f"+{rise.size:.2g}"
    low, high = ax.get_xlim()
    left = at[0] > low + 0.3 * (high - low)
    through = f" (behind {short(rise.behind, 22)})" if rise.behind not in ("", rise.layer) else ""
    said = f"at {short(rise.layer, 26)}{through}, {short(rise.model, 26)}"
    if left:
        start, (right, up), arrow = at, (-24, 20), {"arrowstyle": "-", "color": MUTED, "linewidth": 0.8, "shrinkB": 4}
    else:
        start, (right, up), arrow = (at[0], at[1] + 0.85 * (ax.get_ylim()[1] - at[1])), (5, -4), None
        ax.vlines(at[0], at[1], start[1], color=MUTED, linewidth=0.8)
    shown: dict[str, Any] = {"textcoords": "offset points", "va": "bottom", "color": INK, "fontsize": 8}
    shown["ha"] = "right" if left else "left"
    ax.annotate(said, start, xytext=(right, up), arrowprops=arrow, **shown)
    ax.annotate(f"largest rise: {size}", start, xytext=(right, up + 11), **shown)
