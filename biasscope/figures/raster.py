"""Every picture at every shift, right or wrong: the raster of Azulay & Weiss."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import share, short
from biasscope.figures.looks import MOST
from biasscope.figures.shiftmaps import titles
from biasscope.figures.style import MUTED, panel

TALLEST = 400
"""Rows drawn at most; of more pictures every second, third, ... is drawn, which keeps the sorted shape."""

_SHADES = ListedColormap([(0.15, 0.16, 0.19), (0.95, 0.93, 0.89)], "biasscope right and wrong")


def raster(result: Result) -> dict[str, Figure] | None:
    """One raster a model: pictures sorted by how often they are right, against shifts; light is right."""
    made = {
        str(row.get("model") or "(no name)"): grid for row in rows(result, "raster") if (grid := cells(row)) is not None
    }
    return {model: _raster(model, grid) for model, grid in list(made.items())[:MOST]} or None


def cells(row: dict[str, Any]) -> NDArray[np.uint8] | None:
    """Cells of a row of the table as images x shifts, 1 for right; ``None`` when they do not fit its numbers."""
    images, shifts, values = (row.get(key) for key in ("images", "shifts", "cells"))
    if not images or not shifts or not values or len(values) != images * shifts:
        return None
    return np.array([value or 0 for value in values], np.uint8).reshape(int(images), int(shifts))


def _raster(model: str, grid: NDArray[np.uint8]) -> Figure:
    every = -(-len(grid) // TALLEST)
    shown = grid[::every]
    figure, ax = panel(3.4, 3.0)
    ax.imshow(shown, cmap=_SHADES, vmin=0, vmax=1, interpolation="none", aspect="auto", origin="upper")
    ax.set_xticks([0, grid.shape[1] - 1], ["1", f"{grid.shape[1]:,}"])
    ax.set_yticks([0, len(shown) - 1], ["1", f"{len(grid):,}"])
    ax.set(xlabel="shift", ylabel="picture, sorted" + (f" (1 in {every} drawn)" if every > 1 else ""))
    titles(ax, short(model, 30), f"{share(float(grid.mean()))} light")
    for spine in ax.spines.values():
        spine.set_color(MUTED)
    return figure
