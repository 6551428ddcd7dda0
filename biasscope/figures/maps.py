"""Heat maps: where boxes are, against an even spread, with the numbers written into the cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from biasscope.core.results import Result
from biasscope.figures.frame import counts, rows, square
from biasscope.figures.labels import short
from biasscope.figures.style import DENSITY, INK, MUTED, RATIO, panel

_SPAN = 2.0  # octaves: the colour is full at a quarter and at four times the even share


def position(result: Result, name: str, title: str, axes: tuple[str, str] = ("", "")) -> Figure | None:
    """Heat map called ``name`` of the table ``maps``: each cell as a multiple of the even share."""
    vector = counts(result, "maps", "name", name)
    grid = square(vector) if vector is not None else None
    return None if grid is None else ratio(grid, title, axes)


def ratio(grid: NDArray[np.float64], title: str, axes: tuple[str, str]) -> Figure:
    """Counts of a square grid as multiples of their mean, coloured by octaves around 1."""
    times = grid / grid.mean()
    with np.errstate(divide="ignore"):
        octaves = np.clip(np.log2(times), -_SPAN, _SPAN)
    figure, ax = panel(4.2, 3.9)
    written: Any = np.vectorize(_times)(times) if grid.shape[0] <= 12 else False
    look = {"cmap": RATIO, "vmin": -_SPAN, "vmax": _SPAN, "square": True, "cbar": False}
    sns.heatmap(octaves, ax=ax, annot=written, fmt="", annot_kws={"color": INK, "size": 8}, rasterized=True, **look)
    for text in ax.texts:
        text.set_color(INK)
    _frame(ax, title, axes)
    return figure


def _times(value: float) -> str:
    return f"{value:.2f}" if value < 0.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def _frame(ax: Axes, title: str, axes: tuple[str, str]) -> None:
    ax.set(title=title, xlabel=axes[0], ylabel=axes[1], xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(True)


def feasible(result: Result) -> Figure | None:
    """Pooled map in feasible coordinates."""
    return position(result, "feasible", "Feasible coordinates (u, v)", ("u: left → right", "v: bottom ← top"))


def raw(result: Result) -> Figure | None:
    """Pooled map of raw centres."""
    return position(result, "raw", "Raw centres (cx, cy)", ("cx: left → right", "cy: bottom ← top"))


def interior(result: Result) -> Figure | None:
    """Pooled map of the boxes that do not touch the frame."""
    return position(result, "interior", "Feasible (u, v), off the frame", ("u: left → right", "v: bottom ← top"))


def first(result: Result) -> Figure | None:
    """First map of a pair (before the augmentation, split or dataset A)."""
    return _nth(result, 0)


def second(result: Result) -> Figure | None:
    """Second map of a pair (after the augmentation, split or dataset B)."""
    return _nth(result, 1)


def third(result: Result) -> Figure | None:
    """Third map: placement before the augmentation."""
    return _nth(result, 2)


def fourth(result: Result) -> Figure | None:
    """Fourth map: placement after the augmentation."""
    return _nth(result, 3)


def _nth(result: Result, index: int) -> Figure | None:
    found = rows(result, "maps")
    if index >= len(found):
        return None
    name = found[index]["name"]
    title = found[index].get("title") or str(name).replace("_", " ").capitalize()
    return position(result, name, short(title, 40), ("left → right", "bottom ← top"))


def joint_y(result: Result) -> Figure | None:
    """Pooled joint of vertical centre and box height."""
    return joint(result, "cy_height", "Vertical centre and height", ("centre, top → bottom", "height of the box"))


def joint_x(result: Result) -> Figure | None:
    """Pooled joint of horizontal centre and box height."""
    return joint(result, "cx_height", "Horizontal centre and height", ("centre, left → right", "height of the box"))


def joint(result: Result, name: str, title: str, axes: tuple[str, str]) -> Figure | None:
    """Two-dimensional counts, small boxes below; for the vertical centre with the limits a box of that height has."""
    found = [row for row in rows(result, "joint") if row.get("name") == name]
    vector = counts(result, "joint", "name", name)
    if vector is None or len(vector) != found[0]["rows"] * found[0]["columns"]:
        return None
    grid = vector.reshape(int(found[0]["rows"]), -1)
    figure, ax = panel(4.2, 3.5)
    shares = grid / grid.sum()
    bar = {"format": PercentFormatter(1.0, decimals=1), "shrink": 0.8, "ticks": MaxNLocator(4)}
    norm = PowerNorm(0.5, 0, float(shares.max()))
    sns.heatmap(shares, ax=ax, cmap=DENSITY, norm=norm, rasterized=True, cbar_kws=bar)
    ax.invert_yaxis()
    _frame(ax, title, axes)
    _fractions(ax, grid.shape)
    if name == "cy_height":
        _limits(ax, grid.shape)
    return figure


def _fractions(ax: Axes, shape: tuple[int, ...]) -> None:
    marks = [0.0, 0.5, 1.0]
    ax.set_xticks([mark * shape[1] for mark in marks], ["0", "½", "1"], rotation=0)
    ax.set_yticks([mark * shape[0] for mark in marks], ["0", "½", "1"], rotation=0)


def _limits(ax: Axes, shape: tuple[int, ...]) -> None:
    height = np.array([0.0, 1.0])
    for edge in (height / 2, 1 - height / 2):
        ax.plot(edge * shape[1], height * shape[0], color=MUTED, linewidth=1, linestyle=(0, (3, 2)))
