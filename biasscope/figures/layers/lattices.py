"""Equivariance error at every shift of a period: the heat maps of Zhang, for chosen layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.layers.beside import beside
from biasscope.figures.layers.stages import Stage, stages, title
from biasscope.figures.layers.where import titled
from biasscope.figures.looks import MOST, names, of
from biasscope.figures.style import DENSITY, INK, MUTED, panel

Row = dict[str, Any]
_COLOURS = DENSITY.with_extremes(bad=(0.5, 0.5, 0.5, 0.22))
_OUTLINED = 17  # sides up to which exact cells have an outline; of more they have a dot


def lattices(result: Result) -> dict[str, Figure] | None:
    """One figure a stage, one map a model; all maps of a measure have one scale."""
    found = [row for row in rows(result, "lattices") if plane(row) is not None]
    if not found:
        return None
    made: dict[str, Figure] = {}
    measure = names(found, "measure")[0]
    kept = of(found, measure, "measure")
    top = highest(kept)
    for stage in stages(result, kept)[:MOST]:
        made[title(stage)] = _layer(kept, stage, names(kept)[:MOST], top)
    words = titled(of(rows(result, "measures"), measure, "measure")) or measure.replace("_", " ")
    return made | {"": _key(top, words)}


def highest(found: list[Row]) -> float:
    """Upper end of the scale: the largest number of all maps."""
    values = [plane(row) for row in found]
    tops = [np.nanmax(value) for value in values if value is not None and np.isfinite(value).any()]
    return float(max(tops, default=0.0)) or 1.0


def plane(row: Row) -> NDArray[np.float64] | None:
    """Cells of a row as dy x dx, NaN where a number is missing; ``None`` when they do not fit its numbers."""
    down, right, cells = (row.get(key) for key in ("rows", "columns", "cells"))
    if not down or not right or not cells or len(cells) != down * right:
        return None
    values = np.array([np.nan if value is None else value for value in cells], float)
    return np.where(values < 0, np.nan, values).reshape(int(down), int(right))


def exact(row: Row) -> NDArray[np.bool_]:
    """Which cells are shifts by whole positions of the map, (dy, dx); all or none where the table does not say.

    >>> exact({"rows": 1, "columns": 3, "between": [0, 1, 0]}).tolist()
    [[True, False, True]]
    """
    shape = int(row["rows"]), int(row["columns"])
    between = row.get("between") or ()
    if len(between) == shape[0] * shape[1]:
        return ~np.array(between, bool).reshape(shape)
    return np.full(shape, bool(row.get("exact")))


def _layer(found: list[Row], stage: Stage, models: list[str], top: float) -> Figure:
    figure, made = beside(models, stage)
    for place, (model, ax) in enumerate(made.items()):
        _map(ax, of(of(found, model), stage[model], "layer")[0], top)
        if not place:
            ax.set_ylabel("shift down (px)")
    return figure


def _map(ax: Axes, row: Row, top: float) -> None:
    values, same = plane(row), exact(row)
    if values is None:
        return
    ax.imshow(values, cmap=_COLOURS, vmin=0, vmax=top, interpolation="none", aspect="equal", origin="upper")
    for y, x in zip(*np.nonzero(same), strict=True) if not same.all() else ():
        if max(values.shape) <= _OUTLINED:
            ax.add_patch(Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fill=False, edgecolor=INK, linewidth=0.8))
        else:
            ax.plot(x, y, marker=".", color=INK, markersize=2)
    for side, name, count in ((ax.yaxis, "dy", values.shape[0]), (ax.xaxis, "dx", values.shape[1])):
        ticks = along(row, name, count)
        step = -(-len(ticks) // 8)
        side.set_ticks(range(0, count, step), [f"{tick:g}".replace("-", "\N{MINUS SIGN}") for tick in ticks[::step]])
    mean = float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")
    ax.set_xlabel(f"shift right (px)\nmean {mean:.3g}{period(row)}", fontsize=7.5)
    for spine in ax.spines.values():
        spine.set_visible(True)


def along(row: Row, name: str, count: int) -> list[float]:
    """Shifts of the rows (``dy``) or columns (``dx``), from a vector of them or of every cell."""
    given = list(row.get(name) or ())
    if len(given) == count:
        return given
    different = sorted(set(given))
    return different if len(different) == count else list(range(count))


def period(row: Row) -> str:
    """After how many pixels a lattice repeats, in words.

    >>> period({"period_y": 4, "period_x": 4}), period({"period_y": None})
    (', repeats after 4 px', '')
    """
    down, right = row.get("period_y"), row.get("period_x")
    if not down or not right:
        return ""
    return f", repeats after {down:g}{'' if down == right else f' and {right:g}'} px"


def _key(top: float, words: str) -> Figure:
    figure, ax = panel(3.4, 0.72)
    ax.imshow(np.linspace(0, top, 64)[None], cmap=_COLOURS, interpolation="none", aspect="auto", extent=(0, top, 0, 1))
    ax.set(yticks=[], xlabel=short(words, 46))
    for spine in ax.spines.values():
        spine.set(visible=True, color=MUTED)
    return figure
