"""Which layer is to blame for a changed answer?"""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result, table
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import names, of
from biasscope.report import pictures, wording
from biasscope.report.grid import Field, Grid
from biasscope.report.sections.generic import some
from biasscope.report.sections.shifts import own_numbers

PAIRS = 12
"""Pairs of pictures shown at most; the JSON holds all of them."""

LAYERS = [
    Field("model", "Model", "label"),
    Field("rank", "Rank", "count", "Among the layers that everything passes through"),
    Field("layer", "Layer", "code"),
    Field("kind", "Kind", "text"),
    Field("subsampling", "Subsampling", "text"),
    Field("effect", "Blame", "share", "Share of the change that this layer accounts for, with its 95 % interval"),
    Field("first_order", "First order", "share", "The same estimated from gradients"),
    Field("cumulative", "Up to here", "share", "Share that all layers up to this one account for"),
    Field("restored", "Answers restored", "share", "Changed answers that patching turns back into the reference's"),
    Field("exact", "Whole steps", "share", "Shifts that move these maps by whole positions; others go by Fourier"),
    Field("n", "n", "count"),
]


def view(result: Result) -> dict[str, Any]:
    """Grid of the ranking, cards of the pairs."""
    return {
        "over": "Activation patching",
        "numbers": own_numbers(result),
        "layers": layers(result),
        "pairs": pairs(result),
        "unmoved": unmoved(result),
    }


def layers(result: Result) -> Grid | None:
    """Every layer with its effect, model by model, the most to blame first."""
    found = rows(result, "layers")
    order = names(found)
    found.sort(key=lambda row: (order.index(names([row])[0]), row.get("rank") is None, row.get("rank") or 0))
    for row in found:
        row |= {"effect_low": row.get("low"), "effect_high": row.get("high")}
    made = table("layers", {key: [row.get(key) for row in found] for key in (found[0] if found else ())})
    return some(Result("", "", tables=[made]), "layers", LAYERS, "Every layer, the most to blame first", "layer")


def pairs(result: Result) -> list[pictures.Card]:
    """Cards of pictures with the shift and the answers before and after: as many of every model, changed ones first.

    Pairs whose answer and logit stayed as they were are left out.
    """
    found = [row for row in rows(result, "pairs") if row.get("image_id") is not None]
    found = [row for row in found if row.get("change") != 0 or not _same(row)]
    each = max(1, PAIRS // max(1, len(names(found))))
    kept = [row for model in names(found) for row in sorted(of(found, model), key=_same)[:each]]
    return [_card(row) for row in kept[:PAIRS]]


def _same(row: dict[str, Any]) -> bool:
    return bool(row.get("answer_before") == row.get("answer_after"))


def unmoved(result: Result) -> list[str]:
    """Models of which no layer has a blame: nothing changed that could be explained."""
    found = rows(result, "layers")
    moved = names([row for row in found if row.get("effect") is not None])
    return [short(model, 60) for model in names(found) if model not in moved]


def _card(row: dict[str, Any]) -> pictures.Card:
    title = short(row["image_id"], 60)
    before, after = (short(row.get(key) if row.get(key) is not None else "?", 40) for key in _ANSWERS)
    said = f"{before} \N{RIGHTWARDS ARROW} {after}" if before != after else f"{before}, before and after"
    where = f"moved {row.get('dy') or 0:g} px down, {row.get('dx') or 0:g} px to the right"
    change = f"logit {wording.signed(row['change'])}" if row.get("change") is not None else ""
    made = pictures.card({"picture": row.get("picture")}, title, [said, where, change])
    return pictures.Card(made.title, made.pictures, made.lines, names([row])[0])


_ANSWERS = ("answer_before", "answer_after")
