"""Where a network keeps its answer: maps over the shifts that were asked, and what comes beyond the trained range."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import share, short
from biasscope.figures.looks import MOST, Look, grid_lines, looks, names, of, percent
from biasscope.figures.shiftmaps import scale_key, titles
from biasscope.figures.style import CHANGES, INK, MUTED, PAPER, key_below, low_end, panel

Row = dict[str, Any]
FEWEST = 4
"""Shifts that a map must have on both sides."""


def maps(result: Result) -> dict[str, Figure] | None:
    """Share of answers that equal the unmoved version's, shift by shift, a map a variant and number of copies."""
    found = [row for row in rows(result, "map") if row.get("value") is not None]
    for row in found:
        row["key"] = f"{row['variant']}, n = {row['n']}"
    if len({row["dy"] for row in found}) < FEWEST or len({row["dx"] for row in found}) < FEWEST:
        return None
    low = low_end([row["value"] for row in found])
    drawn = {name: _map(name, of(found, name, "key"), low) for name in names(found, "key")[: 2 * MOST]}
    return drawn | {"": scale_key(low, "keep the answer of the unmoved image")}


def _map(name: str, found: list[Row], low: float) -> Figure:
    down, right = (list(range(min(r[k] for r in found), max(r[k] for r in found) + 1)) for k in ("dy", "dx"))
    plane = np.full((len(down), len(right)), np.nan)
    for row in found:
        plane[row["dy"] - down[0], row["dx"] - right[0]] = row["value"]
    figure, ax = panel(2.6, 2.7)
    extent = (right[0] - 0.5, right[-1] + 0.5, down[-1] + 0.5, down[0] - 0.5)
    ax.imshow(plane, cmap=CHANGES, vmin=low, vmax=1, interpolation="none", aspect="equal", extent=extent)
    ax.plot(0, 0, marker="+", color=INK, markersize=6, markeredgewidth=1)
    inside = [row for row in found if row.get("inside")]
    if inside and len(inside) < len(found):
        y, x = min(row["dy"] for row in inside), min(row["dx"] for row in inside)
        size = [max(row[k] for row in inside) - start + 1 for k, start in (("dx", x), ("dy", y))]
        ax.add_patch(Rectangle((x - 0.5, y - 0.5), *size, fill=False, edgecolor=INK, linewidth=0.9))
    ax.set(xlabel="to the right (px)", ylabel="down (px)")
    trained = [row["value"] for row in inside or found]
    titles(ax, short(name, 26), share(float(np.mean(trained))))
    return figure


def knee(result: Result) -> dict[str, Figure] | None:
    """Accuracy by distance of the version, a panel a variant, a line a number of copies."""
    found = [row for row in rows(result, "knee") if row.get("accuracy") is not None]
    return {name: _knee(name, of(found, name, "variant")) for name in names(found, "variant")[:MOST]} or None


def _knee(name: str, found: list[Row]) -> Figure:
    figure, ax = panel(3.4, 2.7)
    for copies, look in looks(names(found, "n")).items():
        _distances(ax, of(found, copies, "n"), look, f"n = {copies}")
    ends = [row["distance"] for row in found if row.get("inside")]
    if ends and len(ends) < len(found):
        ax.axvline(max(ends), color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)))
    ax.set(
        title=short(name, 30),
        ylabel="right",
        xlabel=f"distance: {found[0].get('axis') or 'shift (px)'}",
        ylim=(-0.02, 1.02),
    )
    percent(ax.yaxis)
    grid_lines(ax)
    key_below(figure, ax)
    return figure


def _distances(ax: Axes, found: list[Row], look: Look, name: str) -> None:
    """Draw a line inside the trained range, and one with hollow marks outside of it."""
    for inside in (True, False):
        line = sorted((row for row in found if bool(row.get("inside")) is inside), key=lambda row: row["distance"])
        if not line:
            continue
        x = np.array([row["distance"] for row in line], float)
        y, low, high = (
            np.array([np.nan if row.get(key) is None else row[key] for row in line], float)
            for key in ("accuracy", "accuracy_low", "accuracy_high")
        )
        ax.fill_between(x, low, high, color=look.colour, alpha=0.14, linewidth=0)
        face = look.colour if inside else PAPER
        ax.plot(x, y, color=look.colour, linestyle=look.dash, marker=look.mark, markersize=3.5, markerfacecolor=face,
                label=name if inside else None)  # fmt: skip
