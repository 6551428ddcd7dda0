"""How strongly the output moves with an infinitely small transformation."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.report.sections import protocols
from biasscope.report.sections.shifts import own_numbers
from biasscope.report.sections.side_by_side import floors, measures


def view(result: Result) -> dict[str, Any]:
    """Grids of the derivatives and of the floors."""
    return {
        "over": ", ".join(part for part in ("Lie derivative", protocols.over(result)) if part),
        "numbers": own_numbers(result),
        "measures": measures(result, "Lie derivatives, with 95 % intervals"),
        "floors": floors(result),
    }
