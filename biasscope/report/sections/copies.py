"""How many copies learning invariance needs: the answer, the laws, the cost; and what training transforms deliver."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.report.grid import Field
from biasscope.report.sections.generic import some

NEEDED = [
    Field("variant", "Network", "label"),
    Field("metric", "Measure", "text"),
    Field("region", "Versions", "text", "Inside or outside the range that was trained"),
    Field("train_images", "Images", "count", "Size of the training set"),
    Field("target", "Target", "share"),
    Field("n", "Copies needed", "real", "By the chosen law; empty where no number of copies is enough"),
    Field("measured", "First that did", "count", "Smallest n that was tried and reached the target"),
    Field("s2", "s²", "count", "What the subsampling argument says"),
    Field("statement", "In words", "text"),
]
FITS = [
    Field("variant", "Network", "label"),
    Field("metric", "Measure", "text"),
    Field("region", "Versions", "text"),
    Field("law", "Law", "text"),
    Field("top", "Levels off at", "real"),
    Field("height", "Height", "real"),
    Field("shape", "Shape", "text"),
    Field("cv_error", "Left-out error", "real", "Root mean squared error at an n that was left out"),
    Field("chosen", "Chosen", "text"),
    Field("n_needed", "Copies needed", "real"),
]
RESIDUALS = [
    Field("variant", "Network", "label"),
    Field("metric", "Measure", "text"),
    Field("region", "Versions", "text"),
    Field("n", "n", "count"),
    Field("value", "Measured", "share"),
    Field("fitted", "Law", "share"),
    Field("residual", "Residual", "real"),
]
ARGUMENT = [
    Field("variant", "Network", "label"),
    Field("stride_product", "Strides", "count", "Product of the strides s"),
    Field("s2", "s²", "count"),
    Field("size_ratio", "Side / side", "real", "Side of the image over side of the last map"),
    Field("size_ratio2", "Squared", "real"),
]
COST = [
    Field("variant", "Network", "label"),
    Field("networks", "Networks", "count"),
    Field("steps", "Gradient steps", "count"),
    Field("seconds", "Seconds", "real"),
    Field("seconds_per_network", "Seconds a network", "real"),
    Field("device", "Device", "text"),
    Field("engine", "Engine", "text"),
]
DELIVERED = [
    Field("transform", "Transform", "code"),
    Field("stride_product", "Strides", "count"),
    Field("epochs", "Epochs", "count"),
    Field("distinct", "Distinct copies", "real"),
    Field("phases", "Phases met", "share"),
]


def view(result: Result) -> dict[str, Any]:
    """Grids of the needs, laws, residuals, the argument, the interaction and the cost."""
    return {
        "over": "Copies",
        "needed": some(result, "needed", NEEDED, "Copies that the target needs", "estimate"),
        "argument": some(result, "argument", ARGUMENT, "What the subsampling argument says", "network"),
        "fits": some(result, "fits", FITS, "Laws of growth", "fit"),
        "residuals": some(result, "residuals", RESIDUALS, "What was measured less what the chosen law says", "point"),
        "interaction": interaction(result),
        "cost": some(result, "cost", COST, "What training took", "network"),
    }


def interaction(result: Result) -> Any:
    """Grid of two transformations at once, whose columns depend on the transformations."""
    for item in result.tables:
        if item.name == "interaction" and item.height:
            numbers = [column.name for column in item.columns if column.name.startswith("n_")]
            middle = [Field(name, f"Copies: {name[2:]}", "count") for name in numbers]
            fields = [Field("variant", "Network", "label"), *middle, Field("value", "Consistency", "share")]
            return some(result, "interaction", fields, "Two transformations at once", "cell")
    return None


def transforms(result: Result) -> dict[str, Any]:
    """Grid of what training transforms deliver, epoch by epoch."""
    return {
        "over": "Transforms",
        "grids": [grid]
        if (grid := some(result, "delivered", DELIVERED, "Distinct copies and phases, by epochs", "number of epochs"))
        else [],
    }
