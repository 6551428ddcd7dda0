"""One number over the runs of a scheduled report: line, interval, bounds of its gates, and what the gates said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, FuncFormatter, MaxNLocator, PercentFormatter, ScalarFormatter
from numpy.typing import NDArray

from biasscope.figures.dates import dated, days_of
from biasscope.figures.labels import MINUS
from biasscope.figures.style import INK, MAIN, MUTED, OTHER, PAPER, RULE

RECENT = 60
"""Runs that are drawn large when there are more than :data:`MANY`; all of them stand below."""
MANY = 100
DOTTED = 40
"""Runs up to which every one has a dot."""
FAR = 2.5
"""A bound further away than this many times the height of the data is not drawn: it would flatten the line."""

_SIGNED = {"points": 100, "signed": 1}

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """One number over time: what is drawn.

    ``bounds`` holds one series a gate; ``said`` the status that the gates gave the number in each run, or "".
    """

    times: Sequence[datetime]
    value: Vector
    low: Vector
    high: Vector
    said: Sequence[str]
    bounds: Sequence[Vector]
    style: str = "real"

    def last(self, runs: int) -> Course:
        """The same of the last ``runs`` alone."""
        newest = slice(-runs, None)
        return Course(
            times=self.times[newest],
            value=self.value[newest],
            low=self.low[newest],
            high=self.high[newest],
            said=self.said[newest],
            bounds=[one[newest] for one in self.bounds],
            style=self.style,
        )

    def span(self) -> tuple[float, float] | None:
        """Lowest and highest of values and intervals; None when nothing is defined."""
        known = np.concatenate([self.value, self.low, self.high])
        known = known[np.isfinite(known)]
        return (float(known.min()), float(known.max())) if len(known) else None

    def drawn(self) -> list[Vector]:
        """Bounds that are near enough to the data to be drawn with them; all of them where one was passed."""
        span = self.span() or (0.0, 0.0)
        return [one for one in self.bounds if "failed" in self.said or not _far(one, *span)]


def trend(course: Course) -> Figure | None:
    """Figure of a number over time; None when it was never defined."""
    if course.span() is None:
        return None
    split = len(course.times) > MANY
    figure = Figure(figsize=(4.4, 2.6 if split else 2.0))
    grid = figure.add_gridspec(2 if split else 1, 1, height_ratios=[3, 1][: 1 + split], hspace=0.42)
    grid.update(left=0.13, right=0.985, top=0.97, bottom=0.1 if split else 0.13)
    _panel(figure.add_subplot(grid[0]), course.last(RECENT) if split else course)
    if split:
        _overview(figure.add_subplot(grid[1]), course)
    return figure


def _panel(ax: Axes, course: Course) -> None:
    times = days_of(course.times)
    _band(ax, times, course)
    mark = "o" if len(times) <= DOTTED else ""
    ax.plot(times, course.value, color=OTHER, linewidth=1.4, marker=mark, markersize=3)
    for bound in course.drawn():
        ax.plot(*_reaching(times, bound), color=INK, linewidth=1, linestyle=(0, (4, 3)), drawstyle="steps-mid")
    _verdicts(ax, times, course)
    _axes(ax, course)


def _overview(ax: Axes, course: Course) -> None:
    """All runs, low and small, with those of the panel above on a ground of their own."""
    times = days_of(course.times)
    ax.axvspan(times[-RECENT], times[-1], color=OTHER, alpha=0.14, linewidth=0)
    ax.plot(times, course.value, color=OTHER, linewidth=0.6)
    failed = np.array([said == "failed" for said in course.said])
    ax.plot(times[failed], course.value[failed], color=MAIN, linestyle="", marker="x", markersize=2.4)
    _axes(ax, course, ticks=2)


def _band(ax: Axes, times: Vector, course: Course) -> None:
    if len(times) == 1:
        ax.vlines(times, course.low, course.high, color=OTHER, alpha=0.5, linewidth=3)
    elif np.isfinite(course.low).any():
        ax.fill_between(times, course.low, course.high, color=OTHER, alpha=0.16, linewidth=0)


def _verdicts(ax: Axes, times: Vector, course: Course) -> None:
    for status, mark, fill, size in (("failed", "X", MAIN, 6.5), ("incomparable", "o", PAPER, 5.5)):
        chosen = np.array([said == status for said in course.said])
        edge = PAPER if status == "failed" else MUTED
        ax.plot(
            times[chosen],
            course.value[chosen],
            linestyle="",
            marker=mark,
            markersize=size,
            markerfacecolor=fill,
            markeredgecolor=edge,
            markeredgewidth=0.8 if status == "failed" else 1.3,
        )
    if course.said[-1] not in ("failed", "incomparable"):
        ax.plot(times[-1:], course.value[-1:], color=OTHER, linestyle="", marker="o", markersize=5.5)


def _reaching(times: Vector, bound: Vector) -> tuple[Vector, Vector]:
    """A bound of one run alone is drawn as a short line across it."""
    if len(times) > 1:
        return times, bound
    return np.array([times[0] - 0.4, times[0] + 0.4]), np.repeat(bound, 2)


def _axes(ax: Axes, course: Course, ticks: int = 5) -> None:
    dated(ax, course.times)
    ax.yaxis.set_major_locator(MaxNLocator(ticks, integer=course.style == "count", min_n_ticks=1))
    ax.yaxis.set_major_formatter(_formatter(course.style))
    ax.spines[["left"]].set_visible(False)
    ax.tick_params(length=0)
    ax.grid(axis="y", linewidth=0.6, color=RULE)
    ax.set_axisbelow(True)


def _formatter(style: str) -> Formatter:
    """Numbers of the axis in the way the number itself is shown, all with the same decimals."""
    if style == "share":
        return PercentFormatter(1, symbol=" %")
    if style in _SIGNED:
        factor = _SIGNED[style]
        return FuncFormatter(lambda value, _: f"{round(value * factor, 9) + 0.0:+g}".replace("-", MINUS))
    if style == "count":
        return FuncFormatter(lambda value, _: f"{round(value, 6):,g}".replace("-", MINUS))
    plain = ScalarFormatter(useOffset=False)
    plain.set_powerlimits((-5, 7))
    return plain


def _far(bound: Vector, low: float, high: float) -> bool:
    """Whether a bound would flatten the line; nothing flattens one that is flat already."""
    known = bound[np.isfinite(bound)]
    room = (high - low) * FAR if high - low > 1e-9 * abs(high) else np.inf
    return not len(known) or bool((known < low - room).all() or (known > high + room).all())
