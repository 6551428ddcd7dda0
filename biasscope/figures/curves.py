"""Numbers against a size or an angle, one line a model with its interval, published series beside."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import Look, grid_lines, looks, names, of, percent
from biasscope.figures.style import INK, MUTED, PAPER, key_below, panel

FRAME = 224
"""Side of the frame of the published rescale series, in pixels."""

Row = dict[str, Any]
_PUBLISHED_MARKS = ("o", "s", "^", "v", "D")


def top5(result: Result) -> Figure | None:
    """Top-5 accuracy against size, with the published series."""
    return _curve(result, "top5", _size(result), "top-5 accuracy", rows(result, "published"))


def top1(result: Result) -> Figure | None:
    """Top-1 accuracy against size."""
    return _curve(result, "top1", _size(result), "top-1 accuracy")


def agreement_by_size(result: Result) -> Figure | None:
    """Agreement with the reference against size."""
    return _curve(result, "agreement", _size(result), "agree with the reference")


def agreement_by_angle(result: Result) -> Figure | None:
    """Agreement with the upright picture against the angle."""
    return _curve(result, "agreement", "angle", "agree with upright")


def accuracy_by_angle(result: Result) -> Figure | None:
    """Accuracy against the angle."""
    return _curve(result, "accuracy", "angle", "accuracy")


def _size(result: Result) -> str:
    """Sizes are drawn as shares of the frame when all of them are known, so that frames can be compared."""
    found = rows(result, "curve")
    return "share" if found and all(row.get("share") is not None for row in found) else "size"


def _curve(result: Result, field: str, axis: str, label: str, others: list[Row] | None = None) -> Figure | None:
    found = [row for row in rows(result, "curve") if row.get(axis) is not None and row.get(field) is not None]
    if not found:
        return None
    styles = looks(names(rows(result, "curve")))
    beside = [row for row in others or () if row.get("size") is not None and row.get(field) is not None]
    figure, ax = panel(4.6, 3.3 + 0.17 * ((len(styles) + len(names(beside, "series"))) // 2))
    _published(ax, beside, field, axis)
    for model, look in styles.items():
        _line(ax, sorted(of(found, model), key=lambda row: row[axis]), axis, field, look, short(model))
    _axes(ax, axis, label)
    if len(ax.get_legend_handles_labels()[1]) > 1:
        key_below(figure, ax)
    return figure


def _line(ax: Axes, line: list[Row], axis: str, field: str, look: Look, label: str) -> None:
    if not line:
        return
    x, y = np.array([row[axis] for row in line], float), np.array([row[field] for row in line], float)
    ends = [[row.get(f"{field}_{end}") for row in line] for end in ("low", "high")]
    low, high = (np.array([np.nan if v is None else v for v in end], float) for end in ends)
    if np.isfinite(low).any():
        ax.fill_between(x, low, high, color=look.colour, alpha=0.14, linewidth=0)
    mark = look.mark if len(line) <= 40 else ""
    ax.plot(x, y, color=look.colour, linestyle=look.dash, marker=mark, markersize=4, label=label, linewidth=1.5)


def _published(ax: Axes, found: list[Row], field: str, axis: str) -> None:
    for place, series in enumerate(names(found, "series")):
        points = sorted((_place(row, axis), row[field]) for row in of(found, series, "series"))
        grades = {str(row.get("grade") or "") for row in of(found, series, "series")}
        read = grades == {"P"}
        told = "".join(f" [{short(grade, 4)}]" for grade in sorted(grades) if grade)
        human = "human" in series.lower()
        ax.plot(
            *zip(*points, strict=True),
            color=INK if human else MUTED,
            alpha=1 if read else 0.65,
            linestyle="-" if read else (0, (3, 2)),
            linewidth=1,
            marker="*" if human else _PUBLISHED_MARKS[place % 5],
            markersize=9 if human else 4,
            markerfacecolor=INK if human else PAPER,
            label=short(series, 20) + told,
        )


def _place(row: Row, axis: str) -> float:
    """Size of a published point on the axis; where its share of the frame is not given, in a frame of 224 pixels."""
    if axis != "share":
        return float(row["size"])
    return float(row["share"] if row.get("share") is not None else row["size"] / FRAME)


def _axes(ax: Axes, axis: str, label: str) -> None:
    ax.set(ylim=(-0.02, 1.02), ylabel=label)
    percent(ax.yaxis)
    words = {
        "share": "side of the object / side of the frame",
        "size": "side of the object (px)",
        "angle": "angle, counter-clockwise (°)",
    }
    ax.set_xlabel(words[axis])
    if axis == "share":
        ax.set_xlim(0, 1.02)
        percent(ax.xaxis)
    grid_lines(ax)
