"""How large the objects are."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.report.grid import Field
from biasscope.report.sections.generic import some

CLASSES = [
    Field("label", "Class", "label"),
    Field("histogram", "Distribution", "bars", "Boxes by scale, small on the left, one bar an interval of octaves"),
    Field("verdict", "Verdict", "verdict", "Against the named reference, corrected over all classes"),
    Field("effect", "Effect", "real", "How much the class differs from the reference, with its interval"),
    Field("q", "q", "probability", "Corrected p-value against the named reference"),
    Field("boxes", "Boxes", "count"),
    Field("median_scale", "Median scale", "share", "Median of the root of the area share: the side of the box"),
    Field("q10", "10 %", "share", "A tenth of the boxes is smaller"),
    Field("q90", "90 %", "share", "A tenth of the boxes is larger"),
    Field("js", "JS (bits)", "real", "Jensen-Shannon divergence from the reference, without what chance adds"),
    Field(
        "effective_bins",
        "Effective bins",
        "real",
        "How many bins the distribution fills: 2 to the power of its entropy",
    ),
]


_REFERENCES = {
    "others": "the boxes of all other classes",
    "log-uniform": "every scale equally often on a logarithmic axis",
}


def view(result: Result) -> dict[str, Any]:
    """Reference in words, and grid of the classes."""
    named = result.parameters.get("reference")
    return {
        "reference": _REFERENCES.get(str(named), named),
        "classes": some(result, "classes", CLASSES, "Scale of every class, the most different first", "class"),
    }
