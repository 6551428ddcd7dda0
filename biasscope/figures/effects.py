"""Classes against each other: how strong the effect is in each, with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from biasscope.core.results import Result
from biasscope.figures.frame import columns, rows
from biasscope.figures.labels import short
from biasscope.figures.marginals import steps
from biasscope.figures.style import INK, MAIN, MUTED, OTHER, PAPER, RULE, key_below, panel

MOST = 20
"""Classes shown by name at most; the table holds all of them."""

UNTESTED = "not tested"
_LOOK = {"non-uniform": MAIN, "not rejected": OTHER, UNTESTED: RULE}


def strongest(result: Result) -> Figure | None:
    """The most biased classes by effect size, with their intervals (feasible), and the raw value beside."""
    return _ranked(result, "effect", "Cramér's V, bias-corrected", other="effect_raw")


def scale_strongest(result: Result) -> Figure | None:
    """The classes whose scale differs most, with intervals."""
    return _ranked(result, "effect", "effect size of scale")


def distances(result: Result) -> Figure | None:
    """The classes that differ most between the two sides, with intervals."""
    return _ranked(result, "distance", "distance between the two sides")


def recalls(result: Result) -> Figure | None:
    """The classes that geometry alone recognises best, with intervals."""
    return _ranked(result, "recall", "recall from position and size alone")


def _ranked(result: Result, field: str, label: str, other: str = "") -> Figure | None:
    """Classes of too few boxes to be tested are left out: by chance theirs are the largest effects."""
    found = [row for row in rows(result, "classes") if row.get(field) is not None and row.get("verdict") != UNTESTED]
    found = sorted(found, key=lambda row: -row[field])[:MOST]
    if len(found) < 2:
        return None
    figure, ax = panel(4.6, 0.9 + 0.19 * len(found))
    names = [short(row.get("label") or "(no name)") for row in found]
    for place, row in enumerate(found):
        if row.get(f"{field}_low") is not None and row.get(f"{field}_high") is not None:
            ax.plot([row[f"{field}_low"], row[f"{field}_high"]], [place, place], color=MAIN, linewidth=1.6, alpha=0.55)
    if other:
        _dots(ax, [row.get(other) for row in found], OTHER, "raw centres", hollow=True)
    _dots(ax, [row[field] for row in found], MAIN, "feasible" if other else "", hollow=False)
    _rank_axes(ax, names, label)
    ax.set_xlim(left=min(0.0, *(row.get(f"{field}_low") or 0 for row in found)))
    if other:
        key_below(figure, ax)
    return figure


def _dots(ax: Axes, values: list[Any], colour: str, label: str, *, hollow: bool) -> None:
    x = np.array([np.nan if value is None else value for value in values], float)
    face = PAPER if hollow else colour
    sns.scatterplot(
        x=x,
        y=np.arange(len(x)),
        ax=ax,
        s=26,
        facecolor=face,
        edgecolor=colour,
        label=label or None,
        zorder=3,
        clip_on=False,
    )


def _rank_axes(ax: Axes, names: list[str], label: str) -> None:
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.set(xlabel=label, ylabel="", ylim=(len(names) - 0.5, -0.5), title=f"The {len(names)} strongest")
    ax.grid(axis="x", color=RULE, linewidth=0.6)
    ax.set_axisbelow(True)


def spread(result: Result) -> Figure | None:
    """Distribution of the effect over the classes that were tested, feasible and raw."""
    data = columns(result.table("classes")) if rows(result, "classes") else {}
    tested = {"effect": data.get("verdict"), "effect_raw": data.get("verdict_raw")}
    kept = {
        key: data[key][np.isfinite(data[key]) & (True if verdict is None else verdict != UNTESTED)]
        for key, verdict in tested.items()
        if key in data
    }
    if not kept or min(len(values) for values in kept.values()) < 12:
        return None
    figure, ax = panel(4.4, 2.9)
    edges = np.linspace(0, max(1e-3, *(values.max() for values in kept.values())), 31)
    for key, colour, label in (("effect", MAIN, "feasible"), ("effect_raw", OTHER, "raw centres")):
        if key in kept:
            steps(ax, edges, np.histogram(kept[key], edges)[0], colour, label, filled=key == "effect")
    ax.set(title="Effect over all classes", xlabel="Cramér's V, bias-corrected", ylabel="classes", xlim=(0, edges[-1]))
    key_below(figure, ax)
    return figure


def displacements(result: Result) -> Figure | None:
    """Mean displacement of every class from the middle of its feasible region, by verdict."""
    data = columns(result.table("classes")) if rows(result, "classes") else {}
    if not {"displacement_u", "displacement_v", "verdict"} <= set(data):
        return None
    kept = np.isfinite(data["displacement_u"]) & np.isfinite(data["displacement_v"])
    if kept.sum() < 2:
        return None
    figure, ax = panel(4.4, 3.9)
    u, v, verdict = (data[key][kept] for key in ("displacement_u", "displacement_v", "verdict"))
    order = [name for name in _LOOK if name in set(verdict)]
    sns.scatterplot(
        x=u,
        y=v,
        hue=verdict,
        hue_order=order,
        palette=_LOOK,
        s=12 if len(u) > 200 else 30,
        alpha=0.6,
        linewidth=0,
        ax=ax,
        rasterized=len(u) > 3000,
    )
    key_below(figure, ax)
    _cross(ax, float(max(np.abs(u).max(), np.abs(v).max(), 0.02)) * 1.08)
    return figure


def _cross(ax: Axes, reach: float) -> None:
    for line in (ax.axhline, ax.axvline):
        line(0, color=MUTED, linewidth=0.8, linestyle=(0, (3, 2)), zorder=0)
    ax.set(xlim=(-reach, reach), ylim=(reach, -reach), aspect="equal", title="Displacement of each class")
    ax.locator_params(nbins=5)
    ax.set(xlabel="left ← displacement of u → right", ylabel="down ← displacement of v → up")


def features(result: Result) -> Figure | None:
    """What each feature of the geometry gives away on its own."""
    found = [row for row in rows(result, "features") if row.get("accuracy_alone") is not None]
    if not found:
        return None
    figure, ax = panel(4.6, 0.9 + 0.28 * len(found))
    sns.barplot(
        x=[row["accuracy_alone"] for row in found],
        y=[short(row["feature"]) for row in found],
        ax=ax,
        color=MAIN,
        width=0.6,
        saturation=1,
    )
    for value in (item.value for item in result.scalars if item.name == "chance" and item.value is not None):
        ax.axvline(value, color=INK, linewidth=1, linestyle=(0, (3, 2)), label="chance")
        key_below(figure, ax)
    ax.tick_params(axis="y", length=0, labelcolor=INK)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    ax.locator_params(axis="x", nbins=6)
    ax.set(title="Accuracy from one feature alone", xlabel="accuracy", ylabel="")
    return figure
