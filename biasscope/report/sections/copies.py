"""How many copies learning invariance needs: the answer, the laws, the cost; and what training transforms deliver."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.report.grid import Field, Grid
from biasscope.report.sections.generic import some

NETWORK = Field("variant", "Network", "label")
NEED = Field(
    "n",
    "Copies needed",
    "amount",
    "By the chosen law; empty where it does not reach the target within the copies that there can be",
)
SQUARE = Field("s2", "s²", "count", "What the subsampling argument says, by strides")
WORDS = Field("statement", "In words", "text")
CURVE = [
    NETWORK,
    Field("metric", "Measure", "measure"),
    Field("region", "Versions", "text", "Inside or outside the range that was trained"),
]
SUMMARY = [
    NETWORK,
    Field("one", "Consistency, fewest copies", "share"),
    Field("most", "Consistency, most copies", "share"),
    NEED,
    SQUARE,
    Field("size_ratio2", "by sides", "amount", "Side of the image over side of the last map, squared"),
    WORDS,
]
NEEDED = [
    *CURVE,
    Field("train_images", "Images", "count", "Size of the training set"),
    Field("target", "Target", "share"),
    NEED,
    Field("measured", "First that did", "count", "Smallest n that was tried and reached the target"),
    SQUARE,
    WORDS,
]
FITS = [
    *CURVE,
    Field("law", "Law", "text"),
    Field("top", "Levels off at", "real"),
    Field("height", "Height", "real"),
    Field("shape", "Shape", "text"),
    Field("cv_error", "Left-out error", "real", "Root mean squared error at an n that was left out"),
    Field("chosen", "Chosen", "text"),
    Field("n_needed", "Copies needed", "amount"),
]
RESIDUALS = [
    *CURVE,
    Field("n", "n", "count"),
    Field("value", "Measured", "share"),
    Field("fitted", "Law", "share"),
    Field("residual", "Residual", "real"),
]
ARGUMENT = [
    NETWORK,
    Field("stride_product", "Strides", "count", "Product of the strides s"),
    SQUARE,
    Field("size_ratio", "Side / side", "amount", "Side of the image over side of the last map"),
    Field("size_ratio2", "Squared", "amount"),
]
SURFACES = [
    NETWORK,
    Field("law", "What counts", "text"),
    Field("shape", "Parameters", "text"),
    Field("cv_error", "Left-out error", "real", "Root mean squared error at a cell that was left out"),
    Field("chosen", "Chosen", "text"),
]
COST = [
    NETWORK,
    Field("networks", "Networks", "count"),
    Field("steps", "Gradient steps", "count"),
    Field("seconds", "Seconds", "amount"),
    Field("seconds_per_network", "Seconds a network", "amount"),
    Field("device", "Device", "text"),
    Field("engine", "Engine", "text"),
]
DELIVERED = [
    Field("transform", "Transform", "code"),
    Field("stride_product", "Strides", "count"),
    Field("epochs", "Epochs", "count"),
    Field("distinct", "Distinct copies", "amount"),
    Field("phases", "Phases met", "share"),
]
ALONE = {"n_shift": "Shifts alone", "n_rotate": "Rotations alone", "n_scale": "Scales alone"}


def view(result: Result) -> dict[str, Any]:
    """Grids of the needs, laws, residuals, the argument, products of transformations and the cost."""
    return {
        "over": "Copies",
        "summary": some(result, "summary", SUMMARY, "Consistency and need of every network", "network"),
        "needed": some(result, "needed", NEEDED, "Copies that the target needs", "estimate"),
        "argument": some(result, "argument", ARGUMENT, "What the subsampling argument says", "network"),
        "fits": some(result, "fits", FITS, "Laws of growth", "fit"),
        "residuals": some(result, "residuals", RESIDUALS, "What was measured less what the chosen law says", "point"),
        "interaction": interaction(result),
        "products": products(result),
        "surfaces": some(result, "surfaces", SURFACES, "What counts in the cells of two numbers", "fit"),
        "cost": some(result, "cost", COST, "What training took", "network"),
    }


def products(result: Result) -> Grid | None:
    """Grid of what two transformations need alone and together, whose columns depend on the transformations."""
    fields = [
        NETWORK,
        *(Field(name, ALONE[name], "amount") for name in _numbers(result, "products") if name in ALONE),
        Field("n_both", "Both", "amount", "Versions of each image that both transformations together need"),
        Field("product", "Product", "amount"),
        Field("to_product", "Both / product", "real", "1 when the need multiplies"),
        Field("to_sum", "Both / sum", "real", "1 when the need adds up"),
        WORDS,
    ]
    return some(result, "products", fields, "Does the need multiply?", "network")


def interaction(result: Result) -> Grid | None:
    """Grid of two transformations at once, whose columns depend on the transformations."""
    middle = [Field(name, f"Copies: {name[2:]}", "count") for name in _numbers(result, "interaction")]
    fields = [NETWORK, *middle, Field("value", "Consistency", "share")]
    return some(result, "interaction", fields, "Two transformations at once", "cell")


def _numbers(result: Result, name: str) -> list[str]:
    """Columns of a table that hold numbers of copies."""
    return [
        column.name
        for item in result.tables
        if item.name == name
        for column in item.columns
        if column.name.startswith("n_")
    ]


def transforms(result: Result) -> dict[str, Any]:
    """Grid of what training transforms deliver, epoch by epoch."""
    grid = some(result, "delivered", DELIVERED, "Distinct copies and phases, by epochs", "row")
    return {"over": "Transforms", "delivered": grid}
