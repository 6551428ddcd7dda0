"""An axis of dates: few of them, as long as they have to be to tell the runs apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter
from numpy.typing import NDArray

TICKS = 5
"""Dates along the axis, at most."""

Vector = NDArray[np.float64]


def dated(ax: Axes, times: Sequence[datetime]) -> None:
    """Dates along the axis: those of the runs when they are few, else five from the first to the last."""
    days = days_of(times)
    places = np.unique(days) if len(days) <= TICKS else np.linspace(days.min(), days.max(), TICKS)
    ax.xaxis.set_major_locator(FixedLocator(list(places)))
    shown = _date(days)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda day, _: _written(day, shown)))
    ax.tick_params(axis="x", pad=5)
    if len(places) == 1:
        ax.set_xlim(days[0] - 1, days[0] + 1)
    else:
        labels = ax.get_xticklabels()
        labels[0].set_horizontalalignment("left")
        labels[-1].set_horizontalalignment("right")


def days_of(times: Sequence[datetime]) -> Vector:
    """Times as matplotlib counts them: in days."""
    return np.array([mdates.date2num(time) for time in times], np.float64)  # type: ignore[no-untyped-call]


def _written(day: float, shown: str) -> str:
    text: str = mdates.num2date(day).strftime(shown)  # type: ignore[no-untyped-call]
    return text if shown.startswith("%H") else text.removeprefix("0")


def _date(days: Vector) -> str:
    """As much of a date as tells the runs apart."""
    span = float(np.ptp(days))
    if len(days) == 1:
        return "%d %b %Y"
    hours = np.diff(np.sort(days)).min() < 0.9
    if span < 1:
        return "%H:%M:%S" if span < 1 / 24 else "%H:%M"
    return "%d %b %H:%M" if span < 3 and hours else "%d %b" if span < 300 else "%b %Y"
