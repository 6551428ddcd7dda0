"""Small panels of the models beside each other for one layer, which share an axis and a scale."""

from __future__ import annotations

from collections.abc import Iterator

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from biasscope.figures.labels import short

ACROSS = 4
"""Panels in a row."""


def panels(models: list[str], side: float = 2.15, high: float = 2.35) -> tuple[Figure, Iterator[tuple[str, Axes]]]:
    """Figure with a pair of axes for every model, titled with its name."""
    across = min(len(models), ACROSS)
    down = -(-len(models) // across)
    figure = Figure(figsize=(0.35 + side * across, high * down), layout="constrained")
    made = figure.subplots(down, across, squeeze=False, sharey=True).ravel()
    for ax in made[len(models) :]:
        ax.set_visible(False)
    for model, ax in zip(models, made, strict=False):
        ax.set_title(short(model, 25), fontsize=8)
    return figure, zip(models, made, strict=False)
