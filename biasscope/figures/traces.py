"""Probability along a trajectory: shifts of one picture, frames of one clip."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import Look, grid_lines, key, looks, names, of
from biasscope.figures.style import PAPER, panel

MOST = 6
"""Pictures or clips drawn at most; the table holds all of them."""

Row = dict[str, Any]


def shifts(result: Result) -> dict[str, Figure] | None:
    """One panel a picture: probability of the true class (or of the reference's) at every step, one line a model."""
    found = rows(result, "traces")
    true = any(row.get("p_true") is not None for row in found)
    field, label = ("p_true", "p (true class)") if true else ("p_reference", "p (reference)")
    return _panels(found, "image_id", "step", field, ("step along the path", label))


def video(result: Result) -> dict[str, Figure] | None:
    """One panel a clip: probability of the first frame's class at every frame, one line a model."""
    return _panels(rows(result, "traces"), "clip", "frame", "p_first", ("frame", "p (first answer)"))


def _panels(found: list[Row], unit: str, step: str, field: str, labels: tuple[str, str]) -> dict[str, Figure] | None:
    kept = [row for row in found if row.get(step) is not None and row.get(field) is not None]
    styles = looks(names(kept))
    drawn = {name: _panel(of(kept, name, unit), step, field, labels, styles) for name in names(kept, unit)[:MOST]}
    return (drawn | ({"": key(list(styles))} if len(styles) > 1 else {})) or None


def _panel(found: list[Row], step: str, field: str, labels: tuple[str, str], styles: dict[str, Look]) -> Figure:
    figure, ax = panel(4.0, 1.75)
    for model, look in styles.items():
        _line(ax, sorted(of(found, model), key=lambda row: row[step]), step, field, look)
    ax.set(ylim=(-0.03, 1.03), xlabel=labels[0], ylabel=labels[1])
    ax.set_yticks([0, 0.5, 1], ["0", "½", "1"])
    ax.locator_params(axis="x", integer=True, nbins=8)
    grid_lines(ax)
    return figure


def _line(ax: Axes, line: list[Row], step: str, field: str, look: Look) -> None:
    x, y = [row[step] for row in line], [row[field] for row in line]
    ax.plot(x, y, color=look.colour, linestyle=look.dash, linewidth=1.3)
    few: dict[str, Any] = {"markersize": 3.6 if len(line) <= 40 else 2.4, "linestyle": "", "color": look.colour}
    wrong = changed(line)
    for hollow in (False, True):
        places = [place for place, flag in enumerate(wrong) if flag is hollow]
        face: dict[str, Any] = {"markerfacecolor": PAPER} if hollow else {}
        ax.plot([x[i] for i in places], [y[i] for i in places], marker=look.mark, **few, **face)


def changed(line: list[Row]) -> list[bool]:
    """Whether each step's answer is wrong; where right and wrong are unknown, whether it is another than before.

    >>> changed([{"answer": "7"}, {"answer": "1"}, {"answer": "1"}, {"answer": "7"}])
    [False, True, False, True]
    >>> changed([{"answer": "7", "right": False}, {"answer": "1", "right": True}])
    [True, False]
    """
    if any(row.get("right") is not None for row in line):
        return [row.get("right") is False for row in line]
    answers = [row.get("answer") for row in line]
    return [place > 0 and answer != answers[place - 1] for place, answer in enumerate(answers)]


def words(line: list[Row], noun: str = "step", most: int = 4) -> str:
    """The answers along a trajectory in words, in the order in which they come.

    >>> words([{"answer": "7"}, {"answer": "7"}, {"answer": "1"}, {"answer": "7"}])
    '7 (2 steps), 1 (1), 7 (1)'
    """
    runs: list[list[Any]] = []
    for row in line:
        answer = short(row.get("answer") or "(no name)")
        if runs and runs[-1][0] == answer:
            runs[-1][1] += 1
        else:
            runs.append([answer, 1])
    told = [
        f"{answer} ({length}{f' {noun}s' * (not place and length > 1)})" for place, (answer, length) in enumerate(runs)
    ]
    return ", ".join(told[:most]) + (f", and {len(told) - most} more" if len(told) > most else "")
