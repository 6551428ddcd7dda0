"""Two transformations at once: consistency in every cell of two numbers of copies."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import MOST, names, of
from biasscope.figures.shiftmaps import scale_key, titles, write
from biasscope.figures.style import CHANGES, low_end, panel

Row = dict[str, Any]
ONES = {"n_shift": "shifts", "n_rotate": "rotations", "n_scale": "scales"}


def cells(result: Result) -> dict[str, Figure] | None:
    """Map of two numbers of copies, a panel a network."""
    found = [row for row in rows(result, "interaction") if row.get("value") is not None]
    axes = [name for name in ONES if found and name in found[0]]
    if len(axes) != 2:
        return None
    low = low_end([row["value"] for row in found])
    drawn = {name: _map(name, of(found, name, "variant"), axes, low) for name in names(found, "variant")[:MOST]}
    return drawn | {"": scale_key(low, "versions answered alike")}


def _map(name: str, found: list[Row], axes: list[str], low: float) -> Figure:
    across, down = (sorted({row[axis] for row in found}) for axis in axes)
    plane = np.full((len(down), len(across)), np.nan)
    for row in found:
        plane[down.index(row[axes[1]]), across.index(row[axes[0]])] = row["value"]
    figure, ax = panel(2.9, 2.6)
    ax.imshow(plane, cmap=CHANGES, vmin=low, vmax=1, interpolation="none", aspect="auto", origin="lower")
    write(ax, plane)
    ax.set_xticks(range(len(across)), [str(n) for n in across])
    ax.set_yticks(range(len(down)), [str(n) for n in down])
    ax.set(xlabel=f"{ONES[axes[0]]} of each image", ylabel=ONES[axes[1]])
    titles(ax, short(name, 30), "")
    return figure
