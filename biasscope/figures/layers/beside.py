"""Small panels of the models beside each other for one layer, which share an axis and a scale."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from biasscope.figures.labels import short
from biasscope.figures.layers.stages import Stage

ACROSS = 4
"""Panels in a row."""


def panels(models: list[str], side: float = 2.15, high: float = 2.35) -> tuple[Figure, dict[str, Axes]]:
    """Figure with a pair of axes for every model, titled with its name; at most `ACROSS` in a row."""
    across = min(len(models), ACROSS)
    down = -(-len(models) // across)
    figure = Figure(figsize=(0.35 + side * across, high * down), layout="constrained")
    made = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
    for ax in made[len(models) :]:
        ax.set_axis_off()
    for model, ax in zip(models, made, strict=False):
        ax.set_title(short(model, 25), fontsize=8)
    return figure, dict(zip(models, made, strict=False))


def beside(models: list[str], stage: Stage, side: float = 2.15, high: float = 2.35) -> tuple[Figure, dict[str, Axes]]:
    """Panels of the layers of a stage; the place of a model that has none stays empty, each keeps its column."""
    figure, axes = panels(models, side, high)
    for model, ax in axes.items():
        if model not in stage:
            ax.set_axis_off()
            ax.set_title("")
        else:
            ax.set_title(f"{short(model, 25)}\n{short(stage[model], 25)}", fontsize=8)
    return figure, {model: ax for model, ax in axes.items() if model in stage}
