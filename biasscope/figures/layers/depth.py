"""Where each layer of each model stands on the axis of depth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from matplotlib.axes import Axes

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import names, of
from biasscope.figures.style import MUTED, RULE

Name = TypeVar("Name")

SHARED = 0.5
"""Share of a model's layers that must have the name of one of the first model's for a common axis."""
ALL = 30
"""Layers up to which each of them is named at the axis; of more only those that subsample."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Depth:
    """An axis of depth.

    Attributes
    ----------
    places
        Model to layer to its place on the axis.
    labels
        Layers of all models in one order, so that the same layer of two variants has the same place; none where the
        models have little in common: then places are shares of each model's depth.
    subsampling
        Model to the layers at which positions get fewer.
    compared
        Model to the layers that lines go through: behind activations, pools and blurs, where the table says so.
    behind
        Model to those of the compared layers at which, or on the way to which, positions get fewer.
    """

    places: dict[str, dict[str, float]]
    labels: tuple[str, ...]
    subsampling: dict[str, frozenset[str]]
    compared: dict[str, frozenset[str]]
    behind: dict[str, frozenset[str]]

    @property
    def notches(self) -> list[float]:
        """Places at which some model subsamples, in order."""
        return sorted({self.places[model][name] for model, found in self.subsampling.items() for name in found})


def depth(result: Result) -> Depth:
    """Axis for the layers of a result, from its table ``layers``."""
    found = [row for row in rows(result, "layers") if row.get("layer") is not None]
    found = sorted(found, key=lambda row: row.get("depth") or 0)
    by_model = {model: of(found, model) for model in names(rows(result, "layers")) if of(found, model)}
    order = {model: names(lines, "layer") for model, lines in by_model.items()}
    labels = merged(order.values()) if _alike(list(order.values())) else []
    at = {name: float(place) for place, name in enumerate(labels)}
    return Depth(
        {model: {name: at[name] for name in layers} if at else _shares(layers) for model, layers in order.items()},
        tuple(labels),
        {model: frozenset(names(_flagged(lines, "subsampling"), "layer")) for model, lines in by_model.items()},
        {model: frozenset(names(_compared(lines), "layer")) for model, lines in by_model.items()},
        {model: frozenset(behind(lines)) for model, lines in by_model.items()},
    )


def _flagged(found: list[Row], flag: str) -> list[Row]:
    return [row for row in found if row.get(flag)]


def _compared(found: list[Row]) -> list[Row]:
    return _flagged(found, "compared") or found


def behind(found: list[Row]) -> list[str]:
    """Compared layers of a model at which positions are fewer than at the compared layer before.

    >>> layers = [{"layer": "conv", "subsampling": True}, {"layer": "relu", "compared": True}]
    >>> behind(layers), behind([{"layer": "pool", "subsampling": True}])
    (['relu'], ['pool'])
    """
    ends, made, fewer = names(_compared(found), "layer"), [], False
    for row in found:
        fewer = fewer or bool(row.get("subsampling"))
        if row["layer"] in ends:
            made += [str(row["layer"])] if fewer else []
            fewer = False
    return made


def _alike(orders: list[list[str]]) -> bool:
    first = set(orders[0]) if orders else set()
    return all(len(first & set(order)) >= SHARED * min(len(first), len(order)) for order in orders)


def _shares(layers: list[str]) -> dict[str, float]:
    last = max(1, len(layers) - 1)
    return {name: place / last for place, name in enumerate(layers)}


def merged(orders: Iterable[list[Name]]) -> list[Name]:
    """One order of all names that keeps each list's own: what only a later list has comes behind its neighbour there.

    >>> merged([["conv", "pool", "fc"], ["conv", "pool", "pool.blur", "fc"]])
    ['conv', 'pool', 'pool.blur', 'fc']
    """
    made: list[Name] = []
    for order in orders:
        at = 0
        for name in order:
            if name in made:
                at = max(at, made.index(name) + 1)
            else:
                made.insert(at, name)
                at += 1
    return made


def lines(ax: Axes, axis: Depth) -> None:
    """Vertical lines where positions get fewer."""
    for place in axis.notches:
        ax.axvline(place, color=RULE, linewidth=1.1, linestyle=(0, (3, 2)), zorder=0)


def label(ax: Axes, axis: Depth, *, named: bool = True) -> None:
    """Ticks of the axis: names of layers where asked for and there are some, else nothing but its two ends."""
    if not axis.labels:
        ax.set_xticks([0, 1], ["first layer", "last layer"])
        return
    ax.set_xlim(-0.5, max(0.5, len(axis.labels) - 0.5))
    if not named:
        ax.set_xticks(axis.notches, [])
        ax.set_xlabel("layers, the first on the left")
        return
    told = list(range(len(axis.labels))) if len(axis.labels) <= ALL else chosen(axis)
    texts = [short(axis.labels[place], 22) for place in told]
    ax.set_xticks(told, texts, rotation=50, ha="right", rotation_mode="anchor")
    ax.tick_params(axis="x", length=0, pad=3, labelcolor=MUTED)


def chosen(axis: Depth) -> list[int]:
    """Places that are named where there are too many layers: the ends and the subsampling layers, none too close."""
    apart = len(axis.labels) / ALL
    kept: list[int] = []
    for place in [0, len(axis.labels) - 1, *map(int, axis.notches)]:
        if all(abs(place - other) >= apart for other in kept):
            kept.append(place)
    return sorted(kept)
