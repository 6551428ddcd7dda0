"""One line of the registry."""

from __future__ import annotations

import math

from biasscope.core.registry import Entry

PATH = ("dy", "size", "angle", "frame")
"""Coordinates along which views are small steps from each other."""
FIXED = (*PATH, "implementation")
"""Coordinates whose views have one reference."""
SHARE = "Korn-Graubard, images as clusters"
POSITIVE = "delta method on the logarithm, t, images as clusters"
GAIN = "square-and-add of Korn-Graubard, images as clusters"
UNBOUNDED = (0.0, math.inf)


ADJACENT, FIXED_REFERENCE, PAIRS, NONE = "adjacent step", "fixed original", "all pairs of views", "none"


def metric(
    target: str,
    title: str,
    inputs: str,
    better: str,
    reference: str,
    aggregate: str,
    *,
    applies: tuple[str, ...] = FIXED,
    bounds: tuple[float, float] = (0.0, 1.0),
    interval: str = SHARE,
    unit: str = "",
    shift: str = "any",
) -> Entry:
    """Give the entry of a class: target below `biasscope.metrics.classes`, inputs separated by spaces."""
    names = tuple(inputs.split())
    facts = {
        "title": title,
        "inputs": names,
        "better": better,
        "bounds": bounds,
        "shift": shift,
        "reference": reference,
        "aggregate": aggregate,
        "needs_targets": bool({"targets", "p_true", "rank_true"} & set(names)),
        "applies": applies,
        "vector": aggregate == "per view",
        "unit": unit,
        "interval": interval,
    }
    return Entry(f"biasscope.metrics.classes.{target}", facts)
