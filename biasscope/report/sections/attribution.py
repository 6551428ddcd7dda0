"""Does the explanation move with the object?"""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result, table
from biasscope.figures.frame import rows
from biasscope.figures.layers.attribution import method
from biasscope.report import filmstrips
from biasscope.report.grid import BY_MEASURE, Field, Grid
from biasscope.report.sections.generic import some
from biasscope.report.sections.shifts import own_numbers

METHODS = [
    Field("model", "Model", "label"),
    Field("method", "Method", "text"),
    Field("title", "Measure", "text"),
    Field("value", "Value", BY_MEASURE, "With its 95 % interval over images"),
    Field("unit", "Unit", "text"),
    Field("better", "Better", "text"),
    Field("n", "n", "count"),
]


def view(result: Result) -> dict[str, Any]:
    """Grid of the measures and films of the maps."""
    return {
        "over": "Attribution",
        "numbers": [item for item in own_numbers(result) if "@" not in item.name],
        "methods": methods(result),
        "films": filmstrips.explanations(result),
    }


def methods(result: Result) -> Grid | None:
    """Every measure of every method and model."""
    found = rows(result, "methods")
    for row in found:
        row |= {"value_low": row.get("low"), "value_high": row.get("high"), "method": method(row.get("method"))}
        row.setdefault("measure", "")
    made = table("methods", {key: [row.get(key) for row in found] for key in (found[0] if found else ())})
    return some(Result("", "", tables=[made]), "methods", METHODS, "Measures, with 95 % intervals", "measure")
