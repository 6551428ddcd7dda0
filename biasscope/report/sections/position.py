"""Where the objects are: pooled measures and every class."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.report.grid import BY_MEASURE, Field
from biasscope.report.sections.generic import some

CLASSES = [
    Field("label", "Class", "label"),
    Field(
        "map_feasible", "Feasible", "map", "Where the boxes are in the room their size leaves them; stronger is more"
    ),
    Field("map_raw", "Raw", "map", "Where the centres of the boxes are in the picture; stronger is more"),
    Field("verdict", "Verdict", "verdict", "Test in feasible coordinates, corrected over all classes"),
    Field(
        "effect",
        "Effect",
        "real",
        "Bias-corrected Cramér's V in feasible coordinates, with its interval: 0 even, 1 one cell",
    ),
    Field("q", "q", "probability", "Corrected p-value in feasible coordinates"),
    Field("effect_raw", "Effect, raw", "real", "The same on raw centres"),
    Field("verdict_raw", "Verdict, raw", "verdict", "The same test on raw centres"),
    Field("boxes", "Boxes", "count"),
    Field("images", "Images", "count"),
    Field("displacement_u", "Displaced →", "signed", "Mean of u minus one half: positive is right of the middle"),
    Field("displacement_v", "Displaced ↓", "signed", "Mean of v minus one half: positive is below the middle"),
    Field(
        "concentration_u",
        "Spread ↔",
        "real",
        "12 var(u): 1 even, less is gathered in one place, more at both sides",
    ),
    Field(
        "concentration_v",
        "Spread ↕",
        "real",
        "12 var(v): 1 even, less is gathered in one place, more at top and bottom",
    ),
    Field("correlation", "Tilt", "signed", "Correlation of u and v: positive runs from top left to bottom right"),
    Field("edge_contact", "At the frame", "share", "Share of boxes that touch the frame"),
    Field("slack_x", "Room ↔", "share", "Mean free room beside the box, share of the picture's width"),
    Field("slack_y", "Room ↕", "share", "Mean free room above and below the box, share of the picture's height"),
    Field("js", "JS (bits)", "real", "Jensen-Shannon divergence from an even spread, without what chance adds"),
    Field(
        "design_effect",
        "Design effect",
        "real",
        "Variance of the mean position over that of as many boxes from pictures of their own, known to about a "
        "quarter; 1 where no picture has two",
    ),
]
AXES = [
    Field("q_cvm_u", "q ↔", "probability", "Corrected p-value of Cramér-von Mises, across alone"),
    Field("q_cvm_v", "q ↕", "probability", "Corrected p-value of Cramér-von Mises, down alone"),
]
"""Shown where classes could be tested on one axis only."""
POOLED = [
    Field("title", "Measure", "text"),
    Field("feasible", "Feasible coordinates", BY_MEASURE),
    Field("feasible_p", "p", "probability", "Of uniform placement: chi-square, Cramér-von Mises, and those of moments"),
    Field("raw", "Raw centres", BY_MEASURE),
]


def view(result: Result) -> dict[str, Any]:
    """Numbers that the pooled table does not repeat, and grids of the pooled measures and of the classes."""
    return {
        "numbers": [item for item in result.scalars if not item.name.startswith("pooled_")],
        "pooled": some(result, "pooled", POOLED, "All classes together, with 95 % intervals"),
        "classes": some(result, "classes", _fields(result), "Every class, the most biased first", "class"),
    }


def _fields(result: Result) -> list[Field]:
    classes = next((item for item in result.tables if item.name == "classes"), None)
    names = ("q", *(field.name for field in AXES))
    if classes is None or not all(name in classes for name in names):
        return CLASSES
    alone = any(both is None and {u, v} != {None} for both, u, v in zip(*map(classes.__getitem__, names), strict=True))
    place = [field.name for field in CLASSES].index("q") + 1
    return [*CLASSES[:place], *AXES, *CLASSES[place:]] if alone else CLASSES
