"""All runs in one strip: a bar each, its height and colour say how the run ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from biasscope.schedule.history import words
from biasscope.schedule.history.runs import Run

WIDTH, HEIGHT = 1000.0, 20
SINGLE = 150
"""Runs up to which every one has a bar of its own; beyond, neighbours that ended alike share one."""
LEAST = 3.0
"""Width below which the bar of a run that did not pass is not drawn, so that it can be seen among very many."""
TALL = {"passed": 7, "incomparable": 13}
"""Height of the bars of those that did not go wrong; others are as tall as the strip."""


@dataclass(frozen=True)
class Bar:
    """One bar: how its runs ended, its place, and what hovering it tells."""

    status: str
    x: float
    y: int
    width: float
    height: int
    title: str


def strip(runs: Sequence[Run]) -> list[Bar]:
    """Bars of the strip, those of runs that did not pass last, so that they lie on top.

    >>> strip([])
    []
    """
    if not runs:
        return []
    step = WIDTH / len(runs)
    alone = len(runs) <= SINGLE
    key = (lambda pair: (pair[1].status, pair[0])) if alone else (lambda pair: (pair[1].status, 0))
    groups = [[*found] for _, found in groupby(enumerate(runs), key=key)]
    bars = [_bar(found[0][0], [run for _, run in found], step, 0.18 if alone else 0) for found in groups]
    return sorted(bars, key=lambda bar: bar.status != "passed")


def _bar(place: int, runs: Sequence[Run], step: float, gap: float) -> Bar:
    status = runs[0].status
    height = TALL.get(status, HEIGHT)
    width = max(step * (len(runs) - gap), LEAST if status != "passed" else 0)
    return Bar(status, round(place * step, 2), HEIGHT - height, round(width, 2), height, _title(status, runs))


def _title(status: str, runs: Sequence[Run]) -> str:
    first, last = words.moment(runs[0]), words.moment(runs[-1])
    return f"{first}: {status}" if len(runs) == 1 else f"{first} to {last}: {len(runs):,} runs {status}"
