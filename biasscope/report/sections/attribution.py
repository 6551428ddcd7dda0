"""Does the explanation move with the object?"""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result, table
from biasscope.figures.frame import rows
from biasscope.figures.layers.attribution import method
from biasscope.figures.layers.where import titled
from biasscope.figures.looks import names
from biasscope.report import filmstrips
from biasscope.report.grid import Grid
from biasscope.report.sections.shifts import own_numbers
from biasscope.report.sections.side_by_side import measures


def view(result: Result) -> dict[str, Any]:
    """Grid of the measures and films of the maps."""
    return {
        "over": "Attribution",
        "numbers": [item for item in own_numbers(result) if "@" not in item.name],
        "methods": methods(result),
        "films": filmstrips.explanations(result),
    }


def methods(result: Result) -> Grid | None:
    """Every measure of every method: a row each, a column a model."""
    found = [row for row in rows(result, "methods") if row.get("method") is not None]
    for row in found:
        row["metric"] = f"{row.get('measure')} {row['method']}"
        row["aggregate"] = method(row["method"])
        row["title"] = titled([row])
    order = names(found, "measure")
    found.sort(key=lambda row: order.index(names([row], "measure")[0]))
    keys = ("model", "metric", "title", "value", "low", "high", "better", "unit", "aggregate")
    made = table("metrics", {key: [row.get(key) for row in found] for key in keys})
    return measures(Result("", "", tables=[made]), "Measures by method, with 95 % intervals")
