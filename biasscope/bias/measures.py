"""The list of measures of position that two sides are compared by: before and after, or dataset A and B."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from biasscope.bias.grouped import Parts, effect_correlation, grouped_effect
from biasscope.bias.jackknife import METHOD, Estimate
from biasscope.bias.medians import METHOD as ORDER
from biasscope.bias.medians import median_over_images
from biasscope.bias.placement import Ints, Position, cell_counts, interval_of, moments
from biasscope.bias.position.statistics import RANGES, SCALES
from biasscope.bias.shares import METHOD as EXACT
from biasscope.bias.shares import share_over_images
from biasscope.core.arms import square_and_add
from biasscope.core.results import Scalar, interval, number

Triple = tuple[float, float, float]
"""Value, lower and upper bound."""
ADDED = f"square-and-add, correlated, of the {METHOD}"
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
    """Measures of one side: counts (groups, cells) behind the effects, statistics with each group left out, others."""

    counts: dict[str, Ints]
    parts: dict[str, Parts]
    others: dict[str, Triple]


def measures_of(position: Position, groups: Ints, count: int, image: Ints, *, level: float) -> Measures:
    """Measures of boxes in ``count`` groups of images; ``image``: that of each box."""
    counts = {name: cell_counts(getattr(position, pair), groups, (count,)) for name, pair in EFFECTS.items()}
    others = {
        "edge_contact": triple(share_over_images(position.touching.astype(np.float64), image, level=level)),
        "median_scale": triple(median_over_images(position.scale, image, level=level)),
    }
    return Measures(counts, moments(position.placement, groups, count), others)


def estimate(name: str, measured: Measures, *, level: float) -> Triple:
    """One measure of :data:`TITLES` with its interval."""
    if name in measured.others:
        return measured.others[name]
    if name in measured.counts:
        return triple(grouped_effect(measured.counts[name][None], level=level))
    kind = name.partition("_")[0]
    low, high = RANGES[kind]
    return triple(interval_of(measured.parts[name], level=level, low=low, high=high, scale=SCALES.get(kind)))


def effect_change(before: Triple, after: Triple, counts: tuple[Ints, Ints]) -> Triple:
    """Change of the placement effect, with an interval from those of both sides and the correlation between them.

    A jackknife of the difference itself would not do: an effect is rooted and cut off at 0, where it is not smooth.

    Parameters
    ----------
    before, after
        The effects with their intervals.
    counts
        Counts (groups, cells) behind each.

    Examples
    --------
    >>> none = np.zeros((3, 2), int)  # nothing is known of the correlation
    >>> low_high = effect_change((0.5, 0.4, 0.6), (0.1, 0.0, 0.3), (none, none))
    >>> [round(number, 4) for number in low_high]
    [-0.4, -0.5414, -0.1764]
    """
    correlation = effect_correlation(*counts)
    difference = after[0] - before[0]
    down = square_and_add(after[0] - after[1], before[2] - before[0], correlation)
    up = square_and_add(after[2] - after[0], before[0] - before[1], correlation)
    return difference, float(difference - down), float(difference + up)


def triple(made: Estimate) -> Triple:
    """First value of an estimate and its bounds as plain numbers."""
    return float(made.value[0]), float(made.low[0]), float(made.high[0])


def scalar_of(name: str, made: Triple, title: str, *, level: float, n: int | None = None, method: str = "") -> Scalar:
    """Scalar of the contract from a measure."""
    value, low, high = made
    method = method or (ORDER if name.startswith("median") else EXACT if name.startswith("edge") else METHOD)
    return Scalar(name, number(value), title, interval(low, high, level=level, method=method), n)
