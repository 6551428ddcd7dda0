"""The list of measures of position that two sides are compared by: before and after, or dataset A and B."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from biasscope.bias.grouped import Parts, grouped_effect
from biasscope.bias.jackknife import METHOD, Estimate
from biasscope.bias.placement import Ints, Position, cell_counts, interval_of, mean, median_interval, moments
from biasscope.core.results import Scalar, interval, number

Triple = tuple[float, float, float]
"""Value, lower and upper bound."""
ORDER = "order statistics over images"
TITLES = {
    "effect": "Placement effect (V), objects clear of the frame",
    "effect_feasible": "Position effect (V), all objects with room",
    "effect_raw": "Position effect (V), raw centres",
    "displacement_u": "Displacement to the right, objects clear of the frame",
    "displacement_v": "Displacement down, objects clear of the frame",
    "concentration_u": "Concentration across, objects clear of the frame",
    "concentration_v": "Concentration down, objects clear of the frame",
    "edge_contact": "Share of objects that touch the frame",
    "median_scale": "Median scale (square root of the area share)",
}
EFFECTS = {"effect": "placement", "effect_feasible": "feasible", "effect_raw": "raw"}


class Measures(NamedTuple):
    """Measures of one side: counts (groups, cells) behind the effects, statistics with each group left out, scale."""

    counts: dict[str, Ints]
    parts: dict[str, Parts]
    median_scale: Triple


def measures_of(position: Position, groups: Ints, count: int, images: int, *, level: float) -> Measures:
    """Measures of boxes that belong to ``images`` images in ``count`` groups."""
    counts = {name: cell_counts(getattr(position, pair), groups, (count,)) for name, pair in EFFECTS.items()}
    touching = mean(position.touching.astype(np.float64), groups, count)
    parts = {**moments(position.placement, groups, count), "edge_contact": touching}
    return Measures(counts, parts, median_interval(position.scale, images, level=level))


def estimate(name: str, measured: Measures, *, level: float) -> Triple:
    """One measure of :data:`TITLES` with its interval."""
    if name == "median_scale":
        return measured.median_scale
    if name in measured.counts:
        return triple(grouped_effect(measured.counts[name][None], level=level))
    return triple(interval_of(measured.parts[name], level=level))


def triple(made: Estimate) -> Triple:
    """First value of an estimate and its bounds as plain numbers."""
    return float(made.value[0]), float(made.low[0]), float(made.high[0])


def scalar_of(name: str, made: Triple, title: str, *, level: float, n: int | None = None, method: str = "") -> Scalar:
    """Scalar of the contract from a measure."""
    value, low, high = made
    method = method or (ORDER if name.startswith("median") else METHOD)
    return Scalar(name, number(value), title, interval(low, high, level=level, method=method), n)
