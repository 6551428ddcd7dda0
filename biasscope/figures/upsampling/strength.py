"""How strong patterns are: peaks by layer, and every remedy by what is left and what it changes."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import MOST, looks, names, of
from biasscope.figures.style import MAIN, MUTED, OTHER, RULE, key_below, panel

Row = dict[str, Any]
LAYERS = 24
"""Layers of a model that are drawn at most."""
FLOOR = -40.0
"""Decibels at which an axis ends: a resize leaves nothing at its frequencies, -300 dB, and the rest would be lost."""
DECIBELS = ("decibels", "decibels_low", "decibels_high", "own")


def peaks(result: Result) -> dict[str, Figure] | None:
    """One figure a model, all on one axis: peaks at the stride frequencies, layer by layer, with their intervals."""
    found = [floored(row) for row in rows(result, "patterns") if row.get("decibels") is not None]
    ends = _ends([*found, *({"decibels": row.get("own")} for row in found)], "decibels")
    made = {}
    for model in names(found)[:MOST]:
        own = of(found, model)[:LAYERS]
        figure, ax = panel(4.9, 0.8 + 0.3 * len(own))
        for place, row in enumerate(own):
            if row.get("own") is not None:
                ax.plot(row["own"], place, "x", color=MAIN, markersize=5)
            _mark(ax, place, row, "decibels", OTHER, bool(row.get("uncertain")))
        _axis(ax, [short(row.get("layer"), 32) for row in own], "dB above what is around")
        ax.set_xlim(*ends)
        made[short(model, 60)] = figure
    return made or None


def floored(row: Row) -> Row:
    """The row with its decibels no lower than the end of the axis.

    >>> floored({"decibels": -300.0, "own": 2.0})
    {'decibels': -40.0, 'own': 2.0}
    """
    return {**row, **{key: max(row[key], FLOOR) for key in DECIBELS if row.get(key) is not None}}


def _ends(found: list[Row], name: str) -> tuple[float, float]:
    """Ends of an axis for all models: the numbers, their intervals and zero, with a little room."""
    values = [row[key] for row in found for key in (name, f"{name}_low", f"{name}_high") if row.get(key) is not None]
    low, high = min([0.0, *values]), max([0.0, *values])
    room = 0.05 * (high - low) or 1.0
    return (low - room if low < 0 else low), high + room


def remedies(result: Result) -> dict[str, Figure] | None:
    """One figure a model: peaks after every remedy beside the change of the output."""
    found = [floored(row) for row in rows(result, "remedies") if row.get("decibels") is not None]
    ends = _ends(found, "decibels")
    made = {}
    for model in names(found)[:MOST]:
        own = of(found, model)
        figure = Figure(figsize=(7.4, 1.0 + 0.3 * len(own)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for place, row in enumerate(own):
            kept = row.get("weights_kept") is not False
            _mark(left, place, row, "decibels", OTHER if kept else MUTED, not kept)
            if row.get("change") is not None and row.get("remedy") != "none":
                _mark(right, place, row, "change", MAIN if kept else MUTED, not kept)
        _axis(left, [short(row.get("title"), 40) for row in own], "peaks of the output (dB)")
        _axis(right, [], "change of the output (share)")
        left.set_xlim(*ends)
        right.set_xlim(left=0)
        made[short(model, 60)] = figure
    return made or None


def single(result: Result) -> dict[str, Figure] | None:
    """One figure a model: share of the ripple on constants that goes when one layer alone is repaired."""
    found = [row for row in rows(result, "single") if row.get("removed") is not None]
    ends = _ends(found, "removed")
    made = {}
    for model in names(found)[:MOST]:
        own = of(found, model)
        figure, ax = panel(4.9, 0.8 + 0.3 * len(own))
        colours = [MAIN if row.get("layer") != "all" else MUTED for row in own]
        ax.barh(range(len(own)), [row["removed"] for row in own], height=0.55, color=colours)
        for place, row in enumerate(own):
            said = f"{100 * row['removed']:.0f} %".replace("-", "\N{MINUS SIGN}")
            end = (max(row["removed"], 0), place)
            ax.annotate(said, end, (4, 0), textcoords="offset points", va="center", fontsize=7.5)
        _axis(ax, [_layer(row) for row in own], "share of the ripple on constants that goes")
        ax.set_xlim(ends[0], max(1.15, ends[1]))
        made[short(model, 60)] = figure
    return made or None


def _layer(row: Row) -> str:
    return "all together" if row.get("layer") == "all" else f"{short(row.get('layer'), 26)} alone"


def scores(result: Result) -> dict[str, Figure] | None:
    """One figure a model, all on one axis: evenness of the weights, layer by layer, and with mean and bias."""
    found = [row for row in rows(result, "weights") if row.get("score") is not None]
    looks_of = {"score": ("o", OTHER), "score_mean": ("o", "none"), "score_bias": ("x", OTHER)}
    high = max((row[key] for row in found for key in looks_of if row.get(key) is not None), default=0.0)
    made = {}
    for model in names(found)[:MOST]:
        own = of(found, model)[:LAYERS]
        figure, ax = panel(4.9, 0.8 + 0.3 * len(own))
        for place, row in enumerate(own):
            for key, (mark, face) in looks_of.items():
                if row.get(key) is not None:
                    ax.plot(row[key], place, mark, color=OTHER, markersize=5, markerfacecolor=face)
        _axis(ax, [short(row.get("layer"), 32) for row in own], "spread over phases by the mean answer")
        ax.set_xlim(-0.03 * (high or 1), 1.05 * (high or 1))
        made[short(model, 60)] = figure
    return made or None


def phases(result: Result) -> dict[str, Figure] | None:
    """One figure a model, all on one axis: variation over phases by variation over pictures, layer by layer."""
    found = [row for row in rows(result, "phases") if row.get("value") is not None]
    ends = _ends(found, "value")
    made = {}
    for model in names(found)[:MOST]:
        own = sorted(of(found, model), key=lambda row: row.get("depth") or 0)[:LAYERS]
        figure, ax = panel(4.9, 0.8 + 0.26 * len(own))
        for place, row in enumerate(own):
            _mark(ax, place, row, "value", MAIN if row.get("subsampling") else OTHER, False)
        _axis(ax, [short(row.get("layer"), 32) for row in own], "variance over phases by variance over pictures")
        ax.set_xlim(*ends)
        made[short(model, 60)] = figure
    return made or None


def coverage(result: Result) -> Figure | None:
    """Share of the phases that random crops cover against the number of copies."""
    found = [row for row in rows(result, "coverage") if row.get("copies") and row.get("crop") is not None]
    if not found:
        return None
    figure, ax = panel(5.2, 2.9)
    once = {(row.get("stride"), row["copies"]): row for row in found}
    styles = looks([str(step) for step in dict.fromkeys(row.get("stride") for row in found)])
    for step in styles:
        own = [row for row in once.values() if str(row.get("stride")) == step]
        copies = [row["copies"] for row in own]
        colour = styles[step].colour
        ax.plot(copies, [row["crop"] for row in own], color=colour, label=f"closed form, stride {step}")
        seen = [row for row in own if row.get("delivered") is not None]
        ax.plot([r["copies"] for r in seen], [r["delivered"] for r in seen], "o", color=colour, markersize=4,
                markerfacecolor="none", label="delivered by the transform")  # fmt: skip
    ax.set(xscale="log", ylim=(0, 1.03), xlabel="copies of a picture", ylabel="share of the phases")
    ticks = sorted({row["copies"] for row in once.values()})
    ax.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    ax.minorticks_off()
    ax.legend()
    key_below(figure, ax)
    return figure


def _mark(ax: Any, place: int, row: Row, name: str, colour: str, hollow: bool) -> None:
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    if low is not None and high is not None:
        ax.plot([low, high], [place, place], color=colour, linewidth=1.4)
    ax.plot(row[name], place, "o", color=colour, markersize=4.5, markerfacecolor="none" if hollow else colour)


def _axis(ax: Any, labels: list[str], title: str) -> None:
    ax.axvline(0, color=RULE, linewidth=0.8, zorder=0)
    if labels:
        ax.set_yticks(range(len(labels)), labels)
        ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.set_xlabel(title)
