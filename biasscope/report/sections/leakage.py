"""How well geometry alone predicts the class."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.report.grid import Field
from biasscope.report.sections.generic import some

FEATURES = [
    Field("feature", "Feature", "text"),
    Field("accuracy_alone", "Accuracy alone", "share"),
    Field("mutual_information", "Mutual information (bits)", "real"),
]
CLASSES = [
    Field("label", "Class", "label"),
    Field("boxes", "Boxes", "count"),
    Field("recall", "Recall", "share", "How often boxes of the class are recognised from position and size alone"),
    Field(
        "recall_by_chance", "By chance", "share", "Share of all boxes that are taken for the class: recall by chance"
    ),
]


def view(result: Result) -> dict[str, Any]:
    """Grids of the features and of the classes."""
    return {
        "features": some(result, "features", FEATURES, "What each feature gives away on its own"),
        "classes": some(result, "classes", CLASSES, "Recall of every class from position and size alone", "class"),
    }
