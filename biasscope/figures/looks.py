"""How a model is told from the others: one colour, one mark and one dash for it in all figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from biasscope.figures.labels import short
from biasscope.figures.style import FIFTH, FOURTH, MAIN, OTHER, RULE, SIXTH, THIRD

MOST = 12
"""Models that get a panel of their own at most; the tables hold all of them."""

_COLOURS = (OTHER, MAIN, THIRD, FOURTH, FIFTH, SIXTH)
_MARKS = ("o", "s", "^", "D", "v", "P", "X")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (4, 1.5, 1, 1.5)))


@dataclass(frozen=True)
class Look:
    """Colour, mark and dash of a model."""

    colour: str
    mark: str
    dash: Any


def names(found: Iterable[dict[str, Any]], key: str = "model") -> list[str]:
    """Different values of ``key``, in the order in which they appear.

    >>> names([{"model": "b"}, {"model": "a"}, {"model": "b"}])
    ['b', 'a']
    """
    return list(dict.fromkeys(str(row.get(key) or "(no name)") for row in found))


def of(found: Iterable[dict[str, Any]], name: str, key: str = "model") -> list[dict[str, Any]]:
    """Rows whose ``key`` is ``name``."""
    return [row for row in found if str(row.get(key) or "(no name)") == name]


def looks(models: Sequence[str]) -> dict[str, Look]:
    """Look of each model: six colours, seven marks, four dashes, so that none depends on colour alone."""
    return {
        name: Look(_COLOURS[place % 6], _MARKS[place % 7], _DASHES[place // 6 % 4]) for place, name in enumerate(models)
    }


def key(models: Sequence[str]) -> Figure:
    """Key to small multiples: a legend and nothing else."""
    handles = [
        Line2D([], [], color=look.colour, marker=look.mark, linestyle=look.dash, markersize=4, label=short(name, 36))
        for name, look in looks(models).items()
    ]
    figure = Figure(figsize=(3.6, 0.25 + 0.2 * len(handles)))
    figure.legend(handles=handles, loc="upper left", borderaxespad=0.2, handlelength=2.4, labelspacing=0.35)
    return figure


def percent(axis: Axis) -> None:
    """Ticks of an axis at round numbers, in per cent, with as many digits as they need."""
    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.4g} %".replace("-", "\N{MINUS SIGN}")))


def grid_lines(ax: Axes) -> None:
    """Thin lines behind the data at the ticks of the y axis."""
    ax.grid(axis="y", color=RULE, linewidth=0.6)
    ax.set_axisbelow(True)
