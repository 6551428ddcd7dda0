"""Position and scale before and after an augmentation."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.report.grid import BY_MEASURE, Field
from biasscope.report.sections.generic import some

MEASURES = [
    Field("title", "Measure", "text"),
    Field("measure", "Measure", "measure"),
    Field("before", "Before", BY_MEASURE),
    Field("after", "After", BY_MEASURE),
]
CLASSES = [
    Field("label", "Class", "label"),
    Field("boxes", "Boxes", "count"),
    Field("effect_before", "Effect before", "real", "Bias-corrected Cramér's V before the augmentation"),
    Field(
        "effect_after", "Effect after", "real", "The same after it; below ten boxes clear of the frame without bounds"
    ),
    Field("visible_fraction", "Visible", "share", "Mean share of the box that is still in the picture"),
    Field("apparent_scale_ratio", "Apparent scale", "real", "Apparent scale in training over that in evaluation"),
]


def view(result: Result) -> dict[str, Any]:
    """Grids of the measures and of the classes, and the numbers that they do not repeat."""
    titled = any(item.name == "before_after" and "title" in item for item in result.tables)
    measures = [item for item in MEASURES if item.name != ("measure" if titled else "title")]
    return {
        "over": result.parameters.get("augmentation"),
        "brief": str(result.parameters.get("augmentation") or "").partition("(")[0],
        "numbers": [item for item in result.scalars if not item.name.endswith(("_before", "_after"))],
        "augmentation": result.parameters.get("augmentation"),
        "evaluation": result.parameters.get("evaluation"),
        "measures": some(result, "before_after", measures, "Before and after, with 95 % intervals"),
        "classes": some(result, "classes", CLASSES, "Every class before and after", "class"),
    }
