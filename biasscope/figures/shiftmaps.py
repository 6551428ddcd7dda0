"""Agreement with the reference over the shifts: heat maps of a plane, lines along a path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from biasscope.core.results import Result
from biasscope.figures import offsets
from biasscope.figures.labels import share, short
from biasscope.figures.looks import MOST, Look, grid_lines, key, looks, names, of, percent
from biasscope.figures.style import CHANGES, INK, MUTED, key_below, low_end, panel

_WRITTEN = 9  # maps with more cells a side have no numbers in them


def maps(result: Result) -> dict[str, Figure] | None:
    """One map a model: share of pictures that keep the answer of the reference, shift by shift."""
    found = offsets.shifted(result)
    if not found or offsets.paths(found):
        return None
    down, right, planes = offsets.planes(found, "agreement")
    low = low_end([row["agreement"] for row in found])
    drawn = {model: _map(model, planes[model], down, right, low) for model in list(planes)[:MOST]}
    return drawn | {"": scale_key(low, "keep the answer of the reference")}


def _map(model: str, plane: NDArray[np.float64], down: list[float], right: list[float], low: float) -> Figure:
    figure, ax = panel(3.4, 0.75 + 2.65 * min(1.15, max(0.5, len(down) / len(right))))
    ax.imshow(plane, cmap=CHANGES, vmin=low, vmax=1, interpolation="none", aspect="equal", origin="upper")
    home = (right.index(0) if 0 in right else None, down.index(0) if 0 in down else None)
    if home[0] is not None and home[1] is not None:
        ax.plot(home[0], home[1], marker="+", color=INK, markersize=7, markeredgewidth=1.1)
    if max(plane.shape) <= _WRITTEN:
        write(ax, plane, skip=home)
    _ticks(ax, down, right)
    ax.set(xlabel="shift to the right (px)", ylabel="shift down (px)")
    titles(ax, short(model, 30), f"mean {share(_mean(plane, home))}")
    return figure


def _mean(plane: NDArray[np.float64], home: tuple[int | None, int | None]) -> float:
    others = plane.copy()
    if home[0] is not None and home[1] is not None and plane.size > 1:
        others[home[1], home[0]] = np.nan
    return float(np.nanmean(others)) if np.isfinite(others).any() else 1.0


def titles(ax: Axes, left: str, right: str) -> None:
    """Title at the left, a number in muted ink at the right."""
    ax.set_title(left, fontsize=9)
    ax.set_title(right, loc="right", fontsize=8, color=MUTED)
    for spine in ax.spines.values():
        spine.set_visible(True)


def write(ax: Axes, plane: NDArray[np.float64], skip: tuple[int | None, int | None] = (None, None)) -> None:
    """Numbers into the cells, in per cent without the sign."""
    for (y, x), value in np.ndenumerate(plane):
        if np.isfinite(value) and (x, y) != skip:
            text = "100" if value == 1 else f"{min(value * 100, 99.9):.0f}" if value < 0.995 else f"{value * 100:.1f}"
            ax.text(x, y, text, ha="center", va="center", color=INK, fontsize=7.5)


def _ticks(ax: Axes, down: Sequence[float], right: Sequence[float]) -> None:
    for axis, values in ((ax.yaxis, down), (ax.xaxis, right)):
        step = max(1, -(-len(values) // 7))
        start = list(values).index(0) % step if 0 in values else 0
        places = range(start, len(values), step)
        axis.set_ticks(list(places), [f"{values[place]:g}".replace("-", "\N{MINUS SIGN}") for place in places])


def scale_key(low: float, words: str) -> Figure:
    """Key to heat maps of one scale: the colours from ``low`` to 1."""
    figure, ax = panel(3.4, 0.72)
    ax.imshow(np.linspace(low, 1, 64)[None], cmap=CHANGES, interpolation="none", aspect="auto", extent=(low, 1, 0, 1))
    percent(ax.xaxis)
    ax.set(yticks=[], xlabel=words)
    for spine in ax.spines.values():
        spine.set_visible(True)
    return figure


def paths(result: Result) -> dict[str, Figure] | None:
    """Agreement along each straight path of shifts, one line a model."""
    found = offsets.shifted(result)
    lines = offsets.paths(found) if found else {}
    styles = looks(names(found))
    low = low_end([row["agreement"] for row in found], 0.1) if found else 0
    drawn = {way: _path(way, kept, styles, low, alone=len(lines) == 1) for way, kept in lines.items()}
    return (drawn | ({"": key(list(styles))} if len(lines) > 1 < len(styles) else {})) or None


def _path(way: str, found: list[dict[str, Any]], styles: dict[str, Look], low: float, *, alone: bool) -> Figure:
    figure, ax = panel(4.6, 3.1 + 0.17 * (len(styles) // 2)) if alone else panel(3.6, 2.5)
    for model, look in styles.items():
        line = sorted((offsets.along(row, way), row["agreement"]) for row in of(found, model))
        if line:
            x, y = zip(*line, strict=True)
            mark = look.mark if len(line) <= 40 else ""
            shown: dict[str, Any] = {"color": look.colour, "linestyle": look.dash, "marker": mark, "markersize": 3.5}
            ax.plot(x, y, label=short(model), clip_on=False, zorder=3, **shown)
    grid_lines(ax)
    percent(ax.yaxis)
    words = {"horizontal": "to the right", "vertical": "down", "diagonal": "down and to the right"}
    ax.set(
        title=f"{way.capitalize()} shifts",
        ylim=(low - 0.04 * (1 - low), 1 + 0.02 * (1 - low)),
        ylabel="agree with the reference",
    )
    whole = all(float(offsets.along(row, way)).is_integer() for row in found)
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=whole, min_n_ticks=2))
    ax.set_xlabel(f"shift {words.get(way, 'up and to the right')} (px)")
    if alone and len(styles) > 1:
        key_below(figure, ax)
    return figure
