"""How densely each layer samples the picture, and what can be expected of it."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result, table
from biasscope.figures.frame import rows
from biasscope.report.grid import Field, Grid
from biasscope.report.sections.generic import some
from biasscope.report.sections.shifts import own_numbers

LISTED = 1200
"""Layers that the page lists; the JSON holds all of them."""

LAYERS = [
    Field("model", "Model", "label"),
    Field("layer", "Layer", "code"),
    Field("kind", "Kind", "text"),
    Field("grid", "Grid", "text", "Positions of its maps, height \N{MULTIPLICATION SIGN} width"),
    Field("stride", "Stride", "text", "Product of all strides so far: pixels from one position to the next"),
    Field("ratio", "Side / side", "text", "Side of the picture over side of the map: what is left over at the frame"),
    Field("offset", "Offset", "text", "Where the first position looks in the picture, in pixels"),
    Field("receptive_field", "Receptive field", "text", "Side of what one position can see, in pixels"),
    Field("gridding", "Gridding", "share", "Share of the receptive field that a dilated stack leaves out"),
    Field("invariant_share", "1/s\N{SUPERSCRIPT TWO}", "share", "Translations at which invariance can be expected"),
]
TAILS = [
    Field("model", "Model", "label"),
    Field("tail", "Tail", "text", "How maps become an answer: pooling over positions, or flattening them"),
    Field("swap_error", "Swap error", "real", "How far the answer moves when the positions before the tail are rolled"),
    Field("stride_product", "Stride, product", "text"),
    Field("size_ratio", "Side / side", "text"),
    Field("statement", "What follows", "text"),
]
_PAIRS = ("stride", "ratio", "offset", "receptive_field")


def view(result: Result) -> dict[str, Any]:
    """Grids of the layers, with vertical and horizontal numbers in one cell, and of the tails."""
    return {
        "over": "Structure",
        "numbers": own_numbers(result),
        "layers": layers(result),
        "tails": some(_texts(result), "tails", TAILS, "How the maps become an answer", "model"),
        "models": len(rows(result, "tails")),
    }


def layers(result: Result) -> Grid | None:
    """Grid of the layers; columns that say nothing of any of them are left out."""
    found = rows(result, "layers")
    for row in found:
        row["grid"] = _by(row.get("height"), row.get("width"))
        row |= {name: pair(row.get(f"{name}_y", row.get(name)), row.get(f"{name}_x", row.get(name))) for name in _PAIRS}
    known = [field for field in LAYERS if any(row.get(field.name) not in (None, "") for row in found)]
    made = table("layers", {field.name: [row.get(field.name) for row in found] for field in known})
    return some(Result("", "", tables=[made]), "layers", known, "Structure, layer by layer", "layer", LISTED)


def _texts(result: Result) -> Result:
    """Tails with their numbers as words, which may differ down and to the right."""
    found = rows(result, "tails")
    for row in found:
        row |= {name: pair(row.get(name), row.get(name)) for name in ("stride_product", "size_ratio")}
    made = table("tails", {key: [row.get(key) for row in found] for key in (found[0] if found else ())})
    return Result("", "", tables=[made])


def pair(down: object, right: object) -> str:
    """Numbers down and to the right in one cell; one where they are the same.

    >>> pair(4, 4), pair(None, None), len(pair(4.0, 2))
    ('4', '', 5)
    """
    return number(down) if down == right else _by(down, right)


def _by(down: object, right: object) -> str:
    parts = [number(value) or "\N{EN DASH}" for value in (down, right)]
    return (
        ""
        if down is None and right is None
        else "\N{NO-BREAK SPACE}\N{MULTIPLICATION SIGN}\N{NO-BREAK SPACE}".join(parts)
    )


def number(value: object) -> str:
    """A number in few characters.

    >>> number(23.0769), number(32), number(None), number("global")
    ('23.08', '32', '', 'global')
    """
    if isinstance(value, bool) or value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, int | float) else str(value)
