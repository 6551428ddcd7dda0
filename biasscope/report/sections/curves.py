"""Sizes and angles: curves, and the numbers behind them."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.report.grid import Field
from biasscope.report.sections import protocols
from biasscope.report.sections.generic import some
from biasscope.report.sections.shifts import own_numbers, worst
from biasscope.report.sections.side_by_side import floors, measures

CURVE = [
    Field("model", "Model", "label"),
    Field("size", "Size (px)", "count", "Side of the object in the frame"),
    Field("share", "Of the frame", "share", "Side of the object over the side of the frame"),
    Field("angle", "Angle (°)", "asked"),
    Field("top1", "Top-1 accuracy", "share"),
    Field("top5", "Top-5 accuracy", "share"),
    Field("accuracy", "Accuracy", "share"),
    Field("agreement", "Agreement", "share", "Share of pictures that keep the answer of the reference"),
    Field("n", "n", "count"),
    Field("top1_pictures", "Labelled", "count", "Pictures that accuracy is of"),
    Field("accuracy_pictures", "Labelled", "count", "Pictures that accuracy is of"),
]
PUBLISHED = [
    Field("series", "Series", "label"),
    Field("size", "Size (px)", "count", "In a frame of 224 pixels"),
    Field("top5", "Top-5 accuracy", "share"),
    Field("grade", "Grade", "text", "P: read in the paper; S: second-hand; D: read off a printed figure"),
]


def view(result: Result) -> dict[str, Any]:
    """Grids of the measures, the floors, the curve and the published series."""
    return {
        "short": protocols.title(result) or None,
        "over": protocols.over(result),
        "numbers": own_numbers(result),
        "explained": protocols.explained(result),
        "measures": measures(result),
        "floors": floors(result),
        "curve": some(result, "curve", CURVE, "The numbers behind the curves", "point"),
        "published": some(result, "published", PUBLISHED, "Published series", "point"),
        "worst": worst(result),
    }
