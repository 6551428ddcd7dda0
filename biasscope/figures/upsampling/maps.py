"""Overlap maps with their counts, energy of gradients by phase, and spectra with the stride frequencies marked."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import MOST, names, of
from biasscope.figures.style import DENSITY, INK

Row = dict[str, Any]
ACROSS, WRITTEN = 4, 8
"""Maps in a row; side up to which counts are written into the cells."""


def overlaps(result: Result) -> dict[str, Figure] | None:
    """One figure a model: its layers alone, the whole stack, and the gradient; even models only where all are even."""
    found = [row for row in rows(result, "layers") if plane(row) is not None]
    uneven = names([row for row in found if not row.get("uniform")])
    shown = {short(model, 60): chosen(of(found, model)) for model in (uneven or names(found))[:MOST]}
    return {model: _model(few) for model, few in shown.items() if few} or None


def chosen(found: list[Row]) -> list[Row]:
    """Layers that are shown: the uneven ones first, the whole stack, and both figures of the gradient; at most 8.

    Where every layer is even the whole stack says it all, and so does one figure of the gradient if both are the same;
    an even gradient is not shown beside an uneven stack.

    >>> few = [{"direction": "forward", "scope": "alone", "layer": "a", "uniform": True}]
    >>> len(chosen(few))
    1
    """
    last = [row for row in found if row.get("layer") == "output"][:1]
    alone = [row for row in found if row.get("direction") == "forward" and row.get("scope") == "alone"]
    alone.sort(key=lambda row: bool(row.get("uniform")))
    back = [row for row in found if row.get("direction") == "backward" and row.get("scope") != "alone"]
    if last and all(row.get("uniform") for row in (*alone, *last)):
        alone = []
    if len({str(row.get("counts")) for row in back}) == 1:
        back = back[:1]
    if not all(row.get("uniform") for row in (*alone, *last)):
        back = [row for row in back if not row.get("uniform")]
    few = [*alone[: 2 * ACROSS - len(last) - len(back)], *last, *back]
    return few or found[: 2 * ACROSS]


def energies(result: Result) -> dict[str, Figure] | None:
    """One map a model: energy of the gradient by the phase of the pixel."""
    found = [row for row in rows(result, "gradients") if plane(row) is not None]
    made = {}
    for row in found[:MOST]:
        figure, (ax,) = _panels(1)
        _map(ax, row, f"{short(row['model'], 30)}\nmost over least {_number(row.get('energy_ratio'))}")
        made[short(row["model"], 60)] = figure
    return made or None


def spectra(result: Result) -> dict[str, Figure] | None:
    """One figure a model: spectrum of the output as it is, and after its best remedy."""
    found = [row for row in rows(result, "spectra") if plane(row) is not None]
    made = {}
    for model in names(found)[:MOST]:
        own = of(found, model)[:2]
        figure, axes = _panels(len(own), 2.35)
        top = max(float(np.nanpercentile(plane(row), 99)) for row in own)  # type: ignore[arg-type]
        for ax, row in zip(axes, own, strict=True):
            _spectrum(ax, row, top)
        made[short(model, 60)] = figure
    return made or None


def plane(row: Row) -> NDArray[np.float64] | None:
    """Cells of a row as rows x columns; ``None`` when they do not fit its numbers."""
    down, right, cells = (row.get(key) for key in ("rows", "columns", "cells"))
    if not down or not right or not cells or len(cells) != down * right:
        return None
    values = np.array([np.nan if value is None else value for value in cells], float).reshape(int(down), int(right))
    return values if np.isfinite(values).any() else None


def _model(found: list[Row]) -> Figure:
    figure, axes = _panels(len(found))
    for ax, row in zip(axes, found, strict=True):
        back = "gradient, " if row.get("direction") == "backward" else ""
        scope = "whole stack" if row.get("layer") == "output" else f"{row.get('scope') or ''}"
        layer = "" if row.get("layer") == "output" or back else short(row.get("layer"), 20)
        head = f"{back}{scope}" if back or not layer else layer
        _map(ax, row, f"{short(head, 34)}\nmost over least {_number(row.get('ratio'))}")
    return figure


def _number(value: Any) -> str:
    return "not defined" if value is None else f"{value:.3g}"


def _panels(count: int, side: float = 1.95) -> tuple[Figure, list[Axes]]:
    across = min(count, ACROSS)
    down = -(-count // across)
    figure = Figure(figsize=(0.3 + side * across, (side + 0.5) * down), layout="constrained")
    made = figure.subplots(down, across, squeeze=False).ravel()
    for ax in made[count:]:
        ax.set_axis_off()
    return figure, list(made[:count])


def _map(ax: Axes, row: Row, title: str) -> None:
    values = plane(row)
    if values is None:
        return
    top = max(float(np.nanmax(values)), 2 * float(np.nanmean(values))) or 1.0
    ax.imshow(values, cmap=DENSITY, vmin=0, vmax=top, interpolation="none", aspect="equal")
    ax.set(xticks=[], yticks=[])
    ax.set_title(title, fontsize=8)
    if max(values.shape) <= WRITTEN:
        for (y, x), label in np.ndenumerate(labels(values)):
            ax.text(x, y, label, ha="center", va="center", fontsize=7, color=INK)
    for spine in ax.spines.values():
        spine.set_visible(True)


def labels(values: NDArray[np.float64]) -> NDArray[np.str_]:
    """Numbers of the cells; those of more than four characters are told by the smallest that is not 0.

    >>> labels(np.array([[2.0, 4.0]])).tolist(), labels(np.array([[20000.0, 45000.0]])).tolist()
    ([['2', '4']], [['1', '2.2']])
    """
    if np.nanmax(np.abs(values)) >= 10000:
        values = values / np.nanmin(np.where(values > 0, values, np.nan))
    written = [f"{value:.4g}" if value == round(value) else f"{value:.2g}" for value in values.ravel()]
    return np.array(written).reshape(values.shape)


def _spectrum(ax: Axes, row: Row, top: float) -> None:
    values = plane(row)
    if values is None:
        return
    low = float(np.nanpercentile(values, 2))
    ax.imshow(
        values, cmap=DENSITY, vmin=low, vmax=top, interpolation="none", aspect="equal", extent=(-0.5, 0.5, 0.5, -0.5)
    )
    strong = standing(row)
    for x, y in marks(row):
        size, width = (4.5 + min(strong[x, y], 30) / 5, 1.1) if (x, y) in strong else (2.5, 0.5)
        ax.plot(
            x, y, marker="o", markersize=size, markerfacecolor="none", markeredgecolor=INK, markeredgewidth=width,
            clip_on=False,
        )  # fmt: skip
    ax.set(xticks=[-0.5, 0, 0.5], yticks=[-0.5, 0, 0.5])
    said = f"{len(strong)} of {len(marks(row))} stride frequencies stand out"
    ax.set_title(f"{short(row.get('role') or '', 36)}\n{said}", fontsize=8, pad=9)
    ax.set_xlabel("cycles a position", fontsize=7.5)
    for spine in ax.spines.values():
        spine.set_visible(True)


def standing(row: Row) -> dict[tuple[float, float], float]:
    """Stride frequencies (x, y) that certainly stand out (`peak_low` is above 0), with their decibels.

    >>> standing({"peak_y": [0.0, -0.5], "peak_x": [-0.5, 0.0], "peak_decibels": [9.0, 3.0], "peak_low": [4.0, -2.0]})
    {(-0.5, 0.0): 9.0}
    """
    parts = [row.get(key) or [] for key in ("peak_x", "peak_y", "peak_decibels", "peak_low")]
    return {
        (round(x, 9), round(y, 9)): value
        for x, y, value, low in zip(*parts, strict=False)
        if value is not None and low is not None and low > 0
    }


def marks(row: Row) -> list[tuple[float, float]]:
    """Stride frequencies (x, y) in cycles a position, zero left out, each once.

    >>> marks({"period_y": 2, "period_x": 1})
    [(0.0, -0.5)]
    """
    down, right = (int(row.get(key) or 1) for key in ("period_y", "period_x"))
    along = [[(a if a < step / 2 else a - step) / step for a in range(step)] for step in (right, down)]
    return [(round(x, 9), round(y, 9)) for y in along[1] for x in along[0] if x or y]
