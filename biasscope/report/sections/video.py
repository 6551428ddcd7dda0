"""Does the answer stay the same from frame to frame?"""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.report.sections import protocols
from biasscope.report.sections.shifts import own_numbers, traced
from biasscope.report.sections.side_by_side import floors, measures


def view(result: Result) -> dict[str, Any]:
    """Grids of the measures and floors, and for each clip its picture and the answers in words."""
    return {
        "over": protocols.over(result),
        "numbers": own_numbers(result),
        "explained": protocols.explained(result) or protocols.PROTOCOLS["video"][1],
        "measures": measures(result),
        "floors": floors(result),
        "traced": traced(result, "clip", "frame"),
    }
