"""Does the explanation move with the object? Measures by method, one mark a model."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.layers.where import titled
from biasscope.figures.looks import Look, key, looks, names, of
from biasscope.figures.style import INK, RULE, panel

Row = dict[str, Any]
METHODS = {"gradcam": "Grad-CAM", "saliency": "Saliency", "integrated_gradients": "Integrated Gradients"}


def method(name: object) -> str:
    """Title of a method of attribution.

    >>> method("gradcam"), method("new_one")
    ('Grad-CAM', 'new one')
    """
    return METHODS.get(str(name), str(name or "").replace("_", " "))


def measures(result: Result) -> dict[str, Figure] | None:
    """One panel a measure, a row a method, a mark with its interval a model."""
    found = [row for row in rows(result, "methods") if row.get("value") is not None]
    if not found:
        return None
    styles = looks(names(found))
    made = {name: _panel(of(found, name, "measure"), styles) for name in names(found, "measure")}
    return made | ({"": key(list(styles))} if len(styles) > 1 else {})


def _panel(found: list[Row], styles: dict[str, Look]) -> Figure:
    methods = names(found, "method")
    step = 0.7 / max(1, len(styles))
    figure, ax = panel(4.2, 0.95 + len(methods) * max(0.36, 0.14 * len(styles)))
    for row in found:
        model = names([row])[0]
        at = methods.index(names([row], "method")[0]) + step * (list(styles).index(model) - (len(styles) - 1) / 2)
        look = styles[model]
        if row.get("low") is not None and row.get("high") is not None:
            ax.plot([row["low"], row["high"]], [at, at], color=look.colour, linewidth=1.6, alpha=0.6)
        ax.plot(row["value"], at, marker=look.mark, color=look.colour, markersize=4.5, linestyle="")
    ax.set_yticks(range(len(methods)), [short(method(name), 22) for name in methods], color=INK)
    ax.tick_params(axis="y", length=0)
    better = {"higher": "right is better", "lower": "left is better"}.get(str(found[0].get("better")), "")
    unit = str(found[0].get("unit") or "")
    ax.set(ylim=(len(methods) - 0.5, -0.5), xlabel=", ".join(part for part in (short(unit, 24), better) if part))
    ax.grid(axis="x", color=RULE, linewidth=0.6)
    ax.set_title(short(titled(found), 52), fontsize=9)
    ax.spines["left"].set_visible(False)
    return figure
