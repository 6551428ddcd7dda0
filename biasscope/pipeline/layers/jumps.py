"""Where a measure rises: at which unit of a network it first gets larger than anywhere before, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from biasscope.core.results import Table, table
from biasscope.pipeline.layers.measurement import Measurement, Real, Unit
from biasscope.trace.layer_result import LayerTrace

MEASURES = ("nonshiftability", "sum_variation", "phase_variance", "equivariance_l2", "equivariance_cosine")
LEAST = 1e-6
"""What arithmetic alone may make of zero."""
SHOWN = 5
"""Rises that are listed for a model and measure."""


@dataclass(frozen=True)
class Jump:
    """A rise above everything before.

    Attributes
    ----------
    model, measure
        Whose, of what.
    layer
        Layer at which the new maximum stands.
    subsampling
        Name of the layer that subsamples just there, if one does.
    rise, low, high, n
        New maximum less the last one, its 95 % interval and the number of images.
    share
        Share of all rises of this measure that happens here.
    hidden
        Whether layers that were not looked at subsample on the way.
    """

    model: str
    measure: str
    layer: LayerTrace
    subsampling: str | None
    rise: float
    low: float | None
    high: float | None
    n: int
    share: float
    hidden: bool = False


def jumps(item: Measurement, measure: str) -> list[Jump]:
    """Every rise of a measure above all units before, in order of execution; none where it cannot be told."""
    if not comparable(item, measure):
        return []
    found: list[Jump] = []
    highest, best = None, 0.0
    for unit in item.units:
        value = unit.end[measure] if measure in unit.end.measures else None
        if value is None or (highest is not None and value <= best + LEAST):
            continue
        if highest is not None or (unit.subsampling and value > LEAST):
            found.append(_jump(item, measure, unit, highest, value - best))
        highest, best = unit.end, value
    total = sum(jump.rise for jump in found)
    return [_shared(jump, total) for jump in found]


def _jump(item: Measurement, measure: str, unit: Unit, before: LayerTrace | None, rise: float) -> Jump:
    layer, subsampling = unit.end, unit.subsampling
    here = item.by_image(measure, layer)
    difference = here if before is None else here - item.by_image(measure, before)
    low, high, n = mean_interval(difference)[1:]
    n = n or layer.measures[measure].n
    name = subsampling.name if subsampling else None
    return Jump(item.label, measure, layer, name, rise, low, high, n, 0.0, unit.hidden)


def _shared(jump: Jump, total: float) -> Jump:
    return replace(jump, share=jump.rise / total if total else 0.0)


def mean_interval(values: Real) -> tuple[float | None, float | None, float | None, int]:
    """Mean of the values that are defined, its 95 % t interval, and their number.

    >>> mean_interval(np.array([1.0, 3.0, np.nan]))[::3]
    (2.0, 2)
    """
    from scipy.special import stdtrit

    good = values[np.isfinite(values)]
    if not len(good):
        return None, None, None, 0
    mean = float(good.mean())
    if len(good) == 1:
        return mean, None, None, 1
    reach = float(stdtrit(len(good) - 1, 0.975) * good.std(ddof=1) / np.sqrt(len(good)))
    return mean, mean - reach, mean + reach, len(good)


def largest(item: Measurement, measure: str) -> Jump | None:
    """Largest rise."""
    return max(jumps(item, measure), key=lambda jump: jump.rise, default=None)


def comparable(item: Measurement, measure: str) -> bool:
    """Whether a rise can be told: a layer that alone was picked has nothing before it."""
    known = [unit for unit in item.units if measure in unit.end.measures and unit.end[measure] is not None]
    return len(known) > item.picked


def jump_table(items: Sequence[Measurement]) -> Table:
    """Largest rises of every model and measure, the largest first."""
    rows = [
        jump
        for item in items
        for measure in MEASURES
        for jump in sorted(jumps(item, measure), key=lambda jump: -jump.rise)[:SHOWN]
    ]
    return table(
        "jumps",
        {
            "model": [row.model for row in rows],
            "layer": [row.layer.name for row in rows],
            "kind": [row.layer.kind for row in rows],
            "depth": [row.layer.depth for row in rows],
            "subsampling": [row.subsampling is not None for row in rows],
            "behind": [row.subsampling for row in rows],
            "measure": [row.measure for row in rows],
            "rise": [row.rise for row in rows],
            "low": [row.low for row in rows],
            "high": [row.high for row in rows],
            "share": [row.share for row in rows],
            "n": [row.n for row in rows],
        },
        title="Where the measures rise above everything before",
        row="layer",
    )
