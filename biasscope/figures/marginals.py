"""One-dimensional distributions: the axes on their own, and scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from biasscope.core.results import Result
from biasscope.figures.frame import counts, rows
from biasscope.figures.style import MAIN, MUTED, OTHER, key_below, panel

_AXES = {"horizontal": ("u", "cx", "left → right"), "vertical": ("v", "cy", "top → bottom")}


def horizontal(result: Result) -> Figure | None:
    """Pooled distribution over the horizontal axis: feasible u and raw cx."""
    return _axis(result, "horizontal")


def vertical(result: Result) -> Figure | None:
    """Pooled distribution over the vertical axis: feasible v and raw cy."""
    return _axis(result, "vertical")


def _axis(result: Result, name: str) -> Figure | None:
    feasible, raw, way = _AXES[name]
    found = {key: counts(result, "marginals", "axis", key) for key in (feasible, raw)}
    if all(vector is None for vector in found.values()):
        return None
    figure, ax = panel(4.4, 2.7)
    for key, colour, filled in ((feasible, MAIN, True), (raw, OTHER, False)):
        if (vector := found[key]) is not None:
            edges = np.linspace(0, 1, len(vector) + 1)
            steps(
                ax, edges, vector / vector.mean(), colour, f"feasible {key}" if filled else f"raw {key}", filled=filled
            )
    ax.axhline(1, color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
    ax.set(title=name.capitalize(), xlabel=way, ylabel="density (1 = even)", xlim=(0, 1))
    key_below(figure, ax)
    return figure


def steps(ax: Axes, edges: NDArray[Any], heights: NDArray[Any], colour: str, label: str, *, filled: bool) -> None:
    """Histogram of given heights over given bin edges, as a step line, filled or not."""
    look: dict[str, Any] = {"element": "step", "fill": filled, "alpha": 0.25 if filled else 1, "linewidth": 1.5}
    middles = (edges[:-1] + edges[1:]) / 2
    sns.histplot(x=middles, weights=heights, bins=list(edges), color=colour, label=label, ax=ax, **look)


def scale(result: Result) -> Figure | None:
    """Pooled distribution of scale, the root of the area share, in octaves."""
    found = rows(result, "bins")
    total = sum(row["pooled"] or 0 for row in found)
    if not total or any(row["low"] is None or row["high"] is None for row in found):
        return None
    figure, ax = panel(4.6, 3.0)
    steps(ax, _edges(found), np.array([row["pooled"] or 0 for row in found]) / total, MAIN, "all boxes", filled=True)
    ax.set(title="Scale of all boxes", ylabel="share of boxes")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    _octaves(ax, _edges(found))
    return figure


def scales(result: Result) -> Figure | None:
    """Distribution of the share of the picture that boxes fill, before and after the augmentation, in octaves."""
    found = rows(result, "scale")
    if not found or any(row["low"] is None or row["high"] is None for row in found):
        return None
    figure, ax = panel(4.6, 3.2)
    for key, colour in (("before", OTHER), ("after", MAIN)):
        heights = np.array([row[key] or 0 for row in found], float)
        if heights.sum() > 0:
            steps(ax, _edges(found), heights / heights.sum(), colour, key, filled=key == "after")
    ax.set(title="Size of boxes before and after", ylabel="share of boxes")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    _octaves(ax, _edges(found))
    key_below(figure, ax)
    return figure


def _edges(found: list[dict[str, Any]]) -> NDArray[np.float64]:
    """Edges in octaves; bins given as scales themselves (never negative) are turned into octaves."""
    edges = np.array([row["low"] for row in found] + [found[-1]["high"]], float)
    if edges[0] < 0:
        return edges
    return np.asarray(np.log2(np.maximum(edges, edges[1] / 2)), float)


def _octaves(ax: Axes, edges: NDArray[np.float64]) -> None:
    marks = np.arange(np.ceil(edges[0]), np.floor(edges[-1]) + 1)
    ax.set_xticks(marks, [f"{2.0**mark:g}" if mark >= 0 else f"1/{2.0**-mark:g}" for mark in marks])
    ax.set(xlabel="√(area of the box / area of the picture)", xlim=(edges[0], edges[-1]))
