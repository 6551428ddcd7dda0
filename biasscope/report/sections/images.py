"""Which images were used, and which were left out and why."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.report.grid import Field
from biasscope.report.sections.generic import some
from biasscope.report.sections.integrity import listed

PROBLEMS = [
    Field("title", "Problem", "text"),
    Field("count", "Found", "count"),
    Field("used", "Used all the same", "text"),
    Field("explanation", "What it means", "text"),
]


def view(result: Result) -> dict[str, Any]:
    """Grid of the problems, and for each that has rows a grid of those."""
    return {
        "over": "Images",
        "law": result.parameters.get("law"),
        "problems": some(result, "problems", PROBLEMS, "Problems that were looked for", "problem"),
        "listed": listed(result),
    }
