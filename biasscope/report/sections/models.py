"""Which models were asked, where they come from, and what surgery changed."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.report.grid import Field, every_column
from biasscope.report.sections.generic import some

MOST = 500
"""Layers that the page lists; the JSON holds all of them."""

MODELS = [
    Field("model", "Model", "label"),
    Field("variant", "Variant", "text"),
    Field("replaced", "Surgery replaced", "text", "Layers that surgery put something else in the place of"),
    Field("kept", "Still subsampling", "text", "Layers that subsample as before, and why"),
    Field("accuracy", "Accuracy", "share"),
    Field("parameters", "Parameters", "count"),
    Field("input", "Input", "text"),
    Field("source", "Source", "text"),
    Field("spec", "Asked for as", "code"),
    Field("sha256", "SHA-256 of the weights", "digest", "The first 16 digits; report.json holds all"),
]


SITES = [
    Field("model", "Model", "label"),
    Field("surgery", "Surgery", "text"),
    Field("name", "Layer", "code"),
    Field("kind", "Kind", "text"),
    Field("stride", "Stride", "text"),
    Field("before", "Before", "text"),
    Field("after", "After", "text"),
    Field("reason", "Why it was left", "text"),
]


def view(result: Result) -> dict[str, Any]:
    """Grid of the models (the columns known here, then any other), and of what surgery replaced and left."""
    known = {item.name for item in MODELS}
    given = [field for item in result.tables if item.name == "models" for field in every_column(item)]
    others = [field for field in given if field.name not in known]
    return {
        "over": "Models",
        "models": some(result, "models", MODELS + others, "Models", "model"),
        "replacements": some(result, "replacements", SITES, "What surgery replaced", "layer", MOST),
        "kept": some(result, "kept", SITES, "What surgery left as it was, and why", "layer", MOST),
    }
