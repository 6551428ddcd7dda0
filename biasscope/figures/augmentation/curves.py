"""Measures against the number of copies, with the target and what the argument says; coverage of the phases."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import Look, grid_lines, key, looks, names, of, percent
from biasscope.figures.style import INK, MUTED, key_below, panel

Row = dict[str, Any]


def consistency(result: Result) -> dict[str, Figure] | None:
    """Consistency inside the trained range, one panel a model."""
    return _panels(result, "consistency", "versions answered alike")


def accuracy(result: Result) -> dict[str, Figure] | None:
    """Accuracy over all versions of the trained range, one panel a model."""
    return _panels(result, "accuracy", "right, over all versions")


def _panels(result: Result, metric: str, label: str) -> dict[str, Figure] | None:
    found = [
        row
        for row in rows(result, "curves")
        if row.get("metric") == metric and row.get("region") == "inside" and row.get("value") is not None
    ]
    found = [row for row in found if row.get("train_images") == max(row.get("train_images") or 0 for row in found)]
    if not found:
        return None
    styles = looks(names(found, "form"))
    drawn = {model: _panel(model, of(found, model), styles, metric, label) for model in names(found)}
    return drawn | {"": key(list(styles))}


def _panel(model: str, found: list[Row], styles: dict[str, Look], metric: str, label: str) -> Figure:
    figure, ax = panel(3.7, 2.9)
    for form, look in styles.items():
        _line(ax, sorted(of(found, form, "form"), key=lambda row: row["n"]), look)
    known = [row["n"] for row in found]
    squares = {row["s2"] for row in found if row.get("s2")}
    for square in squares:
        ax.axvline(square, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
        ax.annotate(f"s² = {square}", (square, 0), (-3, 3), xycoords=("data", "axes fraction"),
                    textcoords="offset points", ha="right", color=INK, fontsize=8)  # fmt: skip
    target = next((row["target"] for row in found if row.get("target") is not None), None)
    if target is not None and metric == "consistency":
        ax.axhline(target, color=MUTED, linewidth=0.8, linestyle=(0, (2, 2)))
    low = min(row["low"] if row.get("low") is not None else row["value"] for row in found)
    ax.set(title=short(model, 30), ylabel=label, xlabel="copies of each image, n", ylim=(max(0, low - 0.05), 1.02))
    powers_of_two(ax, [*known, *squares])
    percent(ax.yaxis)
    grid_lines(ax)
    return figure


def _line(ax: Axes, line: list[Row], look: Look) -> None:
    if not line:
        return
    x = np.array([row["n"] for row in line], float)
    y, low, high, fitted = (
        np.array([np.nan if row.get(name) is None else row[name] for row in line], float)
        for name in ("value", "low", "high", "fitted")
    )
    ax.fill_between(x, low, high, color=look.colour, alpha=0.16, linewidth=0)
    ax.plot(x, fitted, color=look.colour, linestyle=look.dash, linewidth=1.3)
    ax.plot(x, y, color=look.colour, linestyle="", marker=look.mark, markersize=4.5, clip_on=False, zorder=3)


def powers_of_two(ax: Axes, known: list[int]) -> None:
    """Axis of whole numbers, powers of two apart."""
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlim(min(known) / 1.25, max(known) * 1.25)


def coverage(result: Result) -> Figure | None:
    """Share of the phases that n copies are expected to cover, a line a stride product and way of drawing."""
    found = [row for row in rows(result, "coverage") if row.get("expected_share") is not None]
    if not found:
        return None
    for row in found:
        row["line"] = f"s = {row['stride_product']}, {row['law']}"
    styles = looks(names(found, "line"))
    figure, ax = panel(4.6, 2.9 + 0.18 * len(styles))
    for name, look in styles.items():
        line = sorted((row["n"], row["expected_share"]) for row in of(found, name, "line"))
        ax.plot(*zip(*line, strict=True), color=look.colour, linestyle=look.dash, marker=look.mark, markersize=4,
                label=short(name, 60))  # fmt: skip
    ax.set(ylabel="phases covered", xlabel="copies of each image, n", ylim=(-0.02, 1.04))
    powers_of_two(ax, [row["n"] for row in found])
    percent(ax.yaxis)
    grid_lines(ax)
    key_below(figure, ax)
    return figure


def residuals(result: Result) -> dict[str, Figure] | None:
    """Measured less fitted consistency inside the trained range, a panel a model, a line a form."""
    found = [
        row
        for row in rows(result, "residuals")
        if row.get("metric") == "consistency" and row.get("region") == "inside" and row.get("residual") is not None
    ]
    found = [row for row in found if row.get("train_images") == max(row.get("train_images") or 0 for row in found)]
    if not found:
        return None
    styles = looks(names(found, "form"))
    most = max(0.01, *(abs(row["residual"]) for row in found)) * 1.15
    drawn = {model: _residuals(model, of(found, model), styles, most) for model in names(found)}
    return drawn | {"": key(list(styles))}


def _residuals(model: str, found: list[Row], styles: dict[str, Look], most: float) -> Figure:
    figure, ax = panel(3.7, 2.1)
    ax.axhline(0, color=MUTED, linewidth=0.8)
    for form, look in styles.items():
        line = sorted((row["n"], row["residual"] * 100) for row in of(found, form, "form"))
        if line:
            ax.plot(*zip(*line, strict=True), color=look.colour, linestyle=look.dash, marker=look.mark, markersize=4)
    ax.set(title=short(model, 30), ylabel="points", xlabel="copies of each image, n", ylim=(-100 * most, 100 * most))
    powers_of_two(ax, [row["n"] for row in found])
    grid_lines(ax)
    return figure
