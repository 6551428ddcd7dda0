"""The look of every figure: placeholder colours that the page swaps for its own, type sizes, colour maps.

Figures are drawn once and shown in light and in dark: ink, paper and the two data colours are placeholders that
:func:`biasscope.figures.svg.svg` turns into CSS variables, and heat maps are a hue whose opacity carries the number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

INK, MUTED, RULE, PAPER = "#010203", "#717273", "#d1d2d3", "#fdfcfe"
MAIN, OTHER, THIRD, FOURTH, FIFTH, SIXTH = "#c14f1b", "#3f6c8e", "#2f7d5b", "#7a5195", "#8f6b00", "#a63a67"
_PAGE = {INK: "--ink", MUTED: "--muted", RULE: "--rule", PAPER: "--paper"}
_DATA = {MAIN: "--main", OTHER: "--other", THIRD: "--third", FOURTH: "--fourth", FIFTH: "--fifth", SIXTH: "--sixth"}
VARIABLES = _PAGE | _DATA
"""Placeholder colour to CSS variable; no other colour of a figure may be equal to one of these."""

Drawing = Figure | dict[str, Figure]
"""A figure, or small multiples by name; the one called "" is the key to the others."""

_WARM, _COOL = (0.82, 0.36, 0.12), (0.20, 0.47, 0.68)

DENSITY = LinearSegmentedColormap.from_list("biasscope density", [(*_WARM, 0.0), (*_WARM, 0.85)])
"""Opacity grows with the number: nothing to many."""

CHANGES = DENSITY.reversed("biasscope changes").with_extremes(bad=(0.5, 0.5, 0.5, 0.22))
"""Opacity grows with what is missing to the highest number, 1; grey where nothing was measured."""

RATIO = LinearSegmentedColormap.from_list(
    "biasscope ratio", [(0, (*_COOL, 0.78)), (0.5, (*_COOL, 0.0)), (0.5, (*_WARM, 0.0)), (1, (*_WARM, 0.78))]
)
"""Less often (blue), as often (paper), more often (vermilion) than the reference."""

_SETTINGS = {
    "axes.edgecolor": RULE,
    "axes.facecolor": "none",
    "axes.grid": False,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titlepad": 8.0,
    "figure.facecolor": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 8.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "biasscope",
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": RULE,
    "xtick.labelcolor": MUTED,
    "xtick.labelsize": 8.0,
    "ytick.color": RULE,
    "ytick.labelcolor": MUTED,
    "ytick.labelsize": 8.0,
}


def key_below(figure: Figure, ax: Axes) -> None:
    """Legend below the axes, in one row; the layout makes room for it."""
    handles, labels = ax.get_legend_handles_labels()
    own = ax.get_legend()
    if own is not None:
        own.remove()
    fit = max(1, int(figure.get_figwidth() * 13 / (max(map(len, labels), default=0) + 5)))
    wide = min(len(labels), fit) or 1
    figure.legend(handles, labels, loc="outside lower center", ncols=wide, handletextpad=0.4, columnspacing=1.4)


def low_end(values: list[float], step: float = 0.05) -> float:
    """Where a shared scale that ends at 1 begins: below the lowest number, at a round one.

    >>> low_end([0.97, 0.83]), low_end([1.0])
    (0.8, 0.95)
    """
    return max(0.0, round(math.floor(min(min(values), 1 - step) / step + 1e-9) * step, 6))


@contextmanager
def house() -> Iterator[None]:
    """Settings of the house, starting from matplotlib's own defaults whatever the user's settings are."""
    with mpl.rc_context():
        settings: Any = {key: mpl.rcParamsDefault[key] for key in mpl.rcParams if key != "backend"}
        mpl.rcParams.update(settings | _SETTINGS)
        yield


def panel(width: float = 4.4, height: float = 3.0) -> tuple[Figure, Axes]:
    """Empty figure with one pair of axes; ``width`` and ``height`` in inches. Nothing of pyplot is touched."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()
