"""Patterns, overlap, remedies, gradients and coverage: pictures first, then the numbers."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result, Scalar
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.looks import names, of
from biasscope.report.filmstrips import Film, Strip, one
from biasscope.report.grid import Field, Grid
from biasscope.report.pictures import Shot, shots
from biasscope.report.sections.generic import some

MOST, WIDE = 6, 12
"""Models and columns on the page; the JSON holds all of them."""

MODEL = Field("model", "Model", "label")
LAYER = Field("layer", "Layer", "code")
N = Field("n", "n", "count")
GRIDS: dict[str, tuple[list[Field], str]] = {
    "patterns": (
        [
            MODEL, LAYER, Field("period", "Period", "text", "Phases along each axis"),
            Field("decibels", "Peaks (dB)", "amount", "Over what is around, with its 95 % interval over pictures"),
            Field("own", "Own stride (dB)", "amount", "Peaks at the frequencies of the layer's own stride alone"),
            Field("uncertain", "Uncertain", "text", "Taken without a taper"),
            Field("eta_squared", "Phase explains", "share", "Share of the variation between phases"),
            Field("null_high", "By chance up to", "share"), Field("p", "p", "probability"), N,
            Field("note", "Note", "text"),
        ],
        "Patterns by layer",
    ),
    "layers": (
        [
            MODEL, LAYER, Field("direction", "Direction", "text"), Field("scope", "Scope", "text"),
            Field("counts", "Writes by phase", "text", "Along one axis; axes multiply"),
            Field("ratio_1d", "Along an axis", "real"), Field("ratio", "Most over least", "real"),
            Field("holes", "Never written", "share"), Field("note", "Note", "text"),
        ],
        "Overlap by layer",
    ),
    "remedies": (
        [
            MODEL, Field("remedy", "Remedy", "code"), Field("title", "What", "text"),
            Field("decibels", "Peaks (dB)", "amount"),
            Field("highest_decibels", "One alone (dB)", "amount", "Frequency that stands out most certainly by itself"),
            Field("eta_squared", "Phase explains", "share"), Field("step", "Ripple on constants", "real"),
            Field("change", "Change of the output", "share"), Field("cost", "Operations", "real", "Over those before"),
            Field("parameters", "Parameters", "count"), Field("reason", "Why not", "text"),
        ],
        "Before and after",
    ),
    "gradients": (
        [
            MODEL, Field("period", "Period", "text"), Field("strided_alone", "Strided layers alone", "real"),
            Field("with_between", "With the layers between", "real"), Field("energy_ratio", "Energy", "real"),
            Field("energy_least", "At least", "real", "Lower end for all phases together; 1 may be chance"),
            Field("zero", "Pixels without gradient", "share"), N,
        ],
        "Most over least, by geometry and as measured",
    ),
    "weights": (
        [
            MODEL, LAYER, Field("kind", "Kind", "text"),
            Field("score", "Weights alone", "real", "Spread of the phases' sums of weights over their mean"),
            Field("score_mean", "At the mean activation", "real", "Spread of the answers to it, without the bias"),
            Field("score_bias", "With the bias", "real", "Over a mean answer that contains the bias"),
            Field("note", "Note", "text"),
        ],
        "Evenness of the weights by layer",
    ),
    "coverage": (
        [
            MODEL, Field("stride", "Stride", "count", "The larger of both axes"), Field("phases", "Phases", "count"),
            Field("copies", "Copies", "count"),
            Field("crop", "Random crops", "share"), Field("delivered", "Delivered", "share"),
            Field("any_phase", "All phases alike", "share"),
        ],
        "Phases that copies cover",
    ),
}  # fmt: skip
MORE: dict[str, tuple[list[Field], str]] = {
    "sampling": (
        [
            MODEL, LAYER, Field("stride", "Stride", "count"), Field("receptive_field", "Receptive field", "count"),
            Field("seen", "Seen", "share", "Share of the receptive field that is seen; the rest is gridding"),
            Field("tail", "Tail", "text", "How a classifier reads the last map"),
            Field("swap_error", "Swap error", "real", "Change of the answer when positions of the last map are rolled"),
        ],
        "How densely layers sample",
    ),
    "context": (
        [
            Field("way", "Three 3 x 3 convolutions", "label"), Field("receptive_field", "Receptive field", "count"),
            Field("seen_along", "Seen along an axis", "share"), Field("seen", "Seen", "share"),
            Field("positions", "Positions along an axis", "count", "Of the last map for 64 pixels"),
            Field("phase_variance", "Phase by picture", "real", "Variance over phases by variance over pictures"),
        ],
        "Strided against dilated at the same context",
    ),
}  # fmt: skip
"""Grids that stand open below the main one."""
FURTHER = {
    "peaks": "Every stride frequency", "response": "Answers to constant pictures", "refused": "Not analysed",
    "changes": "What every remedy did", "single": "One layer repaired at a time",
    "phases": "Phases and pictures",
}  # fmt: skip


def view(result: Result) -> dict[str, Any]:
    """Films of pictures, the main grid, and the other tables folded."""
    fields, caption = GRIDS[{"overlap": "layers"}.get(result.kind, result.kind)]
    name = {"overlap": "layers"}.get(result.kind, result.kind)
    return {
        "over": "Upsampling",
        "numbers": head(result),
        "several": len(names(rows(result, name))) > 1,
        "films": [*tiles(result), *outputs(result)],
        "figures": FIGURES[result.kind],
        "grid": some(result, name, fields, caption),
        "grids": [grid for grid in (some(result, key, *MORE[key]) for key in MORE) if grid],
        "folded": [grid for grid in (_folded(result, key) for key in FURTHER) if grid],
    }


FIGURES = {
    "patterns": ("spectra", "peaks"),
    "overlap": ("overlaps",),
    "remedies": ("single", "remedies"),
    "gradients": ("energies",),
    "weights": ("scores",),
    "coverage": ("coverage", "knee", "phases"),
}


def head(result: Result) -> list[Scalar]:
    """Numbers at the head of a section; many models stand in the table."""
    return list(result.scalars) if len(result.scalars) <= MOST else []


def tiles(result: Result) -> list[Film]:
    """The patterns: a row a model, a column a layer, and the answer to constants."""
    found = rows(result, "pictures")
    made = []
    for model in names(found)[:MOST]:
        own = of(found, model)[:WIDE]
        heads = [_head(row) for row in own]
        made.append(Film(short(model, 60), heads, [Strip("", "", [_tile(row) for row in own])]))
    return made


def _tile(row: dict[str, Any]) -> Shot | None:
    found = shots(
        row.get("picture"), f"{_head(row)}: {short(row.get('caption') or '', 90)}", short(row.get("below") or "", 40)
    )
    return found[0] if found else None


def _head(row: dict[str, Any]) -> str:
    return "constant picture" if row.get("role") == "constant" else short(row.get("layer"), 30)


def outputs(result: Result) -> list[Film]:
    """Outputs as they are and after every remedy: a row a picture."""
    found = rows(result, "before_after")
    made = []
    for model in names(found)[:MOST]:
        own = of(found, model)
        heads = names(own, "remedy")[:WIDE]
        strips = []
        for image in dict.fromkeys(row.get("image") for row in own):
            by_name = {str(row.get("remedy")): row.get("picture") for row in own if row.get("image") == image}
            shots = [one(by_name.get(name), f"Output {image}, remedy: {short(name, 40)}") for name in heads]
            strips.append(Strip(f"Picture {int(image or 0) + 1}", "", shots))
        made.append(Film(short(model, 60), ["as it is" if name == "none" else name for name in heads], strips))
    return made


def _folded(result: Result, name: str) -> Grid | None:
    from biasscope.report.grid import every_column

    table = next((item for item in result.tables if item.name == name and item.height), None)
    return some(result, name, every_column(table), FURTHER[name], most=400) if table is not None else None
