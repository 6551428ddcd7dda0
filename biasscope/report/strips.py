"""The network as a strip of layers: as wide as it is deep, as high as its maps are large, coloured by a measure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.layers import where
from biasscope.figures.layers.depth import depth
from biasscope.figures.looks import names, of
from biasscope.report import wording

WIDE, HIGH, LOW = 900.0, 34.0, 9.0
"""Size of a strip in its own units: width, height of the largest maps, height of the smallest."""
SHARP = 0.85
"""Opacity of the largest number."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One layer: place and size on the strip, opacity, whether it was measured, a notch, and the words for it."""

    x: float
    y: float
    width: float
    height: float
    opacity: float
    known: bool
    notch: bool
    words: str


@dataclass(frozen=True)
class Strip:
    """A model's layers, and all of it in one sentence for those who do not see it."""

    model: str
    cells: list[Cell]
    words: str


@dataclass(frozen=True)
class Strips:
    """Strips of all models on one scale."""

    title: str
    low: str
    high: str
    strips: list[Strip]


def strips(result: Result) -> Strips | None:
    """Strips of the models of a result; ``None`` when nothing was measured."""
    name = where.leading(result)
    found = [row for row in of(rows(result, "measures"), name, "measure") if row.get("value") is not None]
    if not name or not found or not rows(result, "layers"):
        return None
    compared = depth(result).compared
    values = {model: _values(of(found, model), compared[model]) for model in compared}
    top = max((value for by_layer in values.values() for value in by_layer.values()), default=0.0) or 1.0
    share = where.shares(found)
    made = [_strip(result, model, values[model], top, share=share) for model in compared]
    return Strips(where.titled(found), _shown(0.0, share), _shown(top, share), made)


def _values(found: list[Row], compared: frozenset[str]) -> dict[str, float]:
    kept = [row for row in found if str(row.get("layer")) in compared] or found
    return {str(row.get("layer")): float(row["value"]) for row in kept}


def _shown(value: float, share: bool) -> str:
    return wording.share(value) if share else wording.real(value)


def _strip(result: Result, model: str, values: dict[str, float], top: float, *, share: bool) -> Strip:
    lines = [row for row in of(rows(result, "layers"), model) if row.get("layer") is not None]
    lines = list({str(row["layer"]): row for row in sorted(lines, key=lambda row: row.get("depth") or 0)}.values())
    sides = [float(row.get("height") or 1) for row in lines]
    width = WIDE / len(lines)
    cells = [
        _cell(row, place * width, width, _high(side, max(sides)), values.get(str(row["layer"])), top, share)
        for place, (row, side) in enumerate(zip(lines, sides, strict=True))
    ]
    return Strip(model, cells, _words(model, lines, values, share))


def _high(side: float, largest: float) -> float:
    """Height of a layer: every halving of the side takes the same away."""
    halved = math.log2(max(1.0, largest / max(1.0, side)))
    steps = max(1.0, math.log2(max(2.0, largest)))
    return HIGH - (HIGH - LOW) * min(1.0, halved / steps)


def _cell(row: Row, x: float, width: float, height: float, value: float | None, top: float, share: bool) -> Cell:
    facts = [short(row["layer"], 60), short(row.get("kind") or "", 40)]
    if row.get("height"):
        facts.append(f"{row['height']:g} x {row.get('width') or row['height']:g}")
    facts += ["subsamples"] if row.get("subsampling") else []
    facts.append("not compared" if value is None else _shown(value, share))
    opacity = 0.0 if value is None else SHARP * min(1.0, max(0.0, value / top))
    drawn = [round(number, 2) for number in (x, (HIGH - height) / 2, width, height)]
    return Cell(
        *drawn, round(opacity, 3), value is not None, bool(row.get("subsampling")),
        ", ".join(fact for fact in facts if fact),
    )  # fmt: skip


def _words(model: str, lines: list[Row], values: dict[str, float], share: bool) -> str:
    fewer = names([row for row in lines if row.get("subsampling")], "layer")
    told = [f"{short(name, 40)} {_shown(value, share)}" for name, value in values.items()]
    most = max(values, key=lambda name: values[name]) if values else ""
    parts = [f"{short(model, 60)}: {len(lines)} layers, {len(fewer)} of them subsample"]
    parts += [f"most at {short(most, 40)} ({_shown(values[most], share)})"] if most else []
    parts += [f"in order: {', '.join(told)}"] if len(told) <= 12 else []
    return "; ".join(parts)
