"""How often two resize implementations get the same answer."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import share, short
from biasscope.figures.looks import MOST, names, of
from biasscope.figures.shiftmaps import scale_key, titles, write
from biasscope.figures.style import CHANGES, INK, low_end, panel

_WRITTEN = 14


def matrices(result: Result) -> dict[str, Figure] | None:
    """One matrix a model: share of pictures that get the same answer, implementation against implementation."""
    found = [row for row in rows(result, "agreement") if None not in (row.get("a"), row.get("b"), row.get("agreement"))]
    if not found:
        return None
    sides = list(dict.fromkeys([str(row["a"]) for row in found] + [str(row["b"]) for row in found]))
    low = low_end([row["agreement"] for row in found])
    said = titles_of(result)
    drawn = {name: _matrix(name, square(of(found, name), sides), sides, said, low) for name in names(found)[:MOST]}
    return drawn | {"": scale_key(low, "get the same answer")}


def titles_of(result: Result) -> dict[str, str]:
    """What the implementations are called for people, by name."""
    found = rows(result, "implementations")
    return {str(row["name"]): str(row["title"]) for row in found if row.get("name") and row.get("title")}


def square(found: list[dict[str, object]], sides: list[str]) -> NDArray[np.float64]:
    """Symmetric matrix over ``sides``; NaN where nothing was measured, 1 on the diagonal."""
    plane = np.full((len(sides), len(sides)), np.nan)
    np.fill_diagonal(plane, 1.0)
    for row in found:
        one, two = sides.index(str(row["a"])), sides.index(str(row["b"]))
        plane[one, two] = plane[two, one] = row["agreement"]
    return plane


def _matrix(model: str, plane: NDArray[np.float64], sides: list[str], said: dict[str, str], low: float) -> Figure:
    cell = 0.34 if len(sides) <= _WRITTEN else 0.19
    figure, ax = panel(1.8 + cell * len(sides), 1.6 + cell * len(sides))
    ax.imshow(plane, cmap=CHANGES, vmin=low, vmax=1, interpolation="none", aspect="equal")
    if len(sides) <= _WRITTEN:
        hidden = plane.copy()
        np.fill_diagonal(hidden, np.nan)
        write(ax, hidden)
    labels = [short(said.get(name, name), 24) for name in sides]
    ax.set_xticks(range(len(sides)), labels, rotation=60, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(sides)), labels)
    ax.tick_params(length=0, labelcolor=INK, labelsize=7.5 if len(sides) <= _WRITTEN else 7)
    others = plane[~np.eye(len(sides), dtype=bool)]
    known = others[np.isfinite(others)]
    titles(ax, short(model, 30), f"lowest {share(known.min())}" if len(known) else "")
    return figure
