"""Global sums of single maps along the shifts, with the band that nonshiftability allows."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.layers.beside import beside
from biasscope.figures.layers.stages import Stage, stages, title
from biasscope.figures.looks import MOST, Look, grid_lines, looks, names, of
from biasscope.figures.style import MUTED, RULE

Row = dict[str, Any]
THRESHOLD = 0.2
LINES = 8
"""Maps drawn at most in a panel."""


def sums(result: Result) -> dict[str, Figure] | None:
    """One figure a stage, one panel a model: each map's global sum over its mean, against the shift."""
    found = [row for row in rows(result, "sums") if path(row) is not None]
    if not found:
        return None
    given = result.parameters.get("threshold")
    threshold = float(given) if isinstance(given, int | float) and given else THRESHOLD
    styles = looks(names(rows(result, "layers")) or names(found))
    styles |= {name: look for name, look in looks(names(found)).items() if name not in styles}
    models = names(found)[:MOST]
    return {title(stage): _layer(found, stage, models, threshold, styles) for stage in stages(result, found)[:MOST]}


def path(row: Row) -> tuple[list[float], NDArray[np.float64]] | None:
    """Shifts and the sums there over their mean over all shifts; ``None`` where that cannot be said.

    Of a plane of shifts those that move to the right alone are drawn.

    >>> path({"dy": [0, 0, 1], "dx": [0, 1, 0], "values": [1.0, 3.0, 2.0]})
    ([0, 1], array([0.5, 1.5]))
    """
    values = np.array([np.nan if v is None else v for v in row.get("values") or ()], float)
    down, right = list(row.get("dy") or ()), list(row.get("dx") or ())
    mean = float(np.nanmean(values)) if np.isfinite(values).any() else 0.0
    if not mean or len(down) != len(values) or len(right) != len(values):
        return None
    flat = sorted((x, place) for place, (y, x) in enumerate(zip(down, right, strict=True)) if y == 0)
    if len(flat) < 2:
        flat = sorted((x or y, place) for place, (y, x) in enumerate(zip(down, right, strict=True)))
    return [x for x, _ in flat], values[[place for _, place in flat]] / mean


def outside(row: Row, threshold: float) -> float | None:
    """Share of all shifts at which the sum is further from its mean than the threshold allows.

    >>> outside({"dy": [0, 0], "dx": [0, 1], "values": [1.0, 3.0]}, 0.2)
    1.0
    """
    values = np.array([np.nan if v is None else v for v in row.get("values") or ()], float)
    if not np.isfinite(values).any() or not np.nanmean(values):
        return None
    return float(np.mean(np.abs(values / np.nanmean(values) - 1) > threshold))


def _layer(found: list[Row], stage: Stage, models: list[str], threshold: float, styles: dict[str, Look]) -> Figure:
    figure, made = beside(models, stage, high=1.9)
    ends = reach([row for model in made for row in of(of(found, model), stage[model], "layer")[:LINES]], threshold)
    for place, (model, ax) in enumerate(made.items()):
        kept = of(of(found, model), stage[model], "layer")
        _panel(ax, kept[:LINES], threshold, styles[model])
        shares = [share for row in kept if (share := outside(row, threshold)) is not None]
        ax.set_xlabel(f"shift (px)\noutside: {np.mean(shares):.0%} of them".replace("%", " %"), fontsize=7.5)
        ax.set_ylim(ends)
        if not place:
            ax.set_ylabel("sum / its mean")
    return figure


def reach(found: list[Row], threshold: float) -> tuple[float, float]:
    """Ends of the scale: of everything that is drawn, and of the band with room about it."""
    drawn = [shown[1] for row in found if (shown := path(row)) is not None]
    low = min([1 - 1.5 * threshold, *(float(np.nanmin(values)) for values in drawn)])
    high = max([1 + 1.5 * threshold, *(float(np.nanmax(values)) for values in drawn)])
    return low - 0.03 * (high - low), high + 0.03 * (high - low)


def _panel(ax: Axes, found: list[Row], threshold: float, look: Look) -> None:
    ax.axhspan(1 - threshold, 1 + threshold, color=RULE, alpha=0.6, linewidth=0, zorder=0)
    ax.axhline(1, color=MUTED, linewidth=0.6, zorder=1)
    for row in found:
        drawn = path(row)
        if drawn is not None:
            ax.plot(drawn[0], drawn[1], color=look.colour, linewidth=1.1, alpha=0.75, marker=".", markersize=3)
    grid_lines(ax)
