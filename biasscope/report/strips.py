"""The network as a strip of layers: as wide as it is deep, as high as its maps are large, coloured by a measure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
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
    """A layer and those before it that were not compared: place and size, opacity, notches, and the words for it."""

    x: float
    y: float
    width: float
    height: float
    opacity: float
    known: bool
    notches: list[float]
    words: str
    layer: str
    rises: bool = False


@dataclass(frozen=True)
class Strip:
    """A model's layers, all of it in one sentence for those who do not see it, and its largest rise in a few words."""

    model: str
    cells: list[Cell]
    words: str
    rise: str = ""


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
    best = {rise.model: rise for rise in where.rises(result)}
    made = [_strip(of(rows(result, "layers"), model), model, values[model], top, share=share) for model in compared]
    made = [_risen(strip, best[strip.model], share=share) if strip.model in best else strip for strip in made]
    return Strips(where.titled(found), _shown(0.0, share), _shown(top, share), made)


def _risen(strip: Strip, rise: where.Rise, *, share: bool) -> Strip:
    """Strip with its largest rise marked, and told in a few words."""
    size = wording.points(rise.size) if share else wording.signed(rise.size)
    through = f", behind {short(rise.behind, 40)}" if rise.behind not in ("", rise.layer) else ""
    cells = [replace(cell, rises=cell.layer == rise.layer) for cell in strip.cells]
    return replace(strip, cells=cells, rise=f"rises most at {short(rise.layer, 40)}{through}: {size}")


def _values(found: list[Row], compared: frozenset[str]) -> dict[str, float]:
    kept = [row for row in found if str(row.get("layer")) in compared] or found
    return {str(row.get("layer")): float(row["value"]) for row in kept}


def _shown(value: float, share: bool) -> str:
    return wording.share(value) if share else wording.real(value)


def units(found: list[Row], compared: set[str]) -> list[list[Row]]:
    """Layers of a model in order, each with those before it that were not compared; what is left comes last.

    >>> found = [{"layer": "conv"}, {"layer": "relu"}, {"layer": "pool"}]
    >>> [[row["layer"] for row in unit] for unit in units(found, {"relu"})]
    [['conv', 'relu'], ['pool']]
    """
    made: list[list[Row]] = [[]]
    for row in found:
        made[-1].append(row)
        if str(row["layer"]) in compared:
            made.append([])
    return [unit for unit in made if unit]


def _strip(found: list[Row], model: str, values: dict[str, float], top: float, *, share: bool) -> Strip:
    known = [row for row in found if row.get("layer") is not None]
    lines = list({str(row["layer"]): row for row in sorted(known, key=lambda row: row.get("depth") or 0)}.values())
    sides = [float(row.get("height") or 1) for row in lines]
    width, place, cells = WIDE / max(1, len(lines)), 0, []
    for unit in units(lines, set(values)):
        high = _high(float(unit[-1].get("height") or 1), min(sides), max(sides))
        cells.append(_cell(unit, place, width, high, values.get(str(unit[-1]["layer"])), top, share))
        place += len(unit)
    return Strip(model, cells, _words(model, lines, values, share))


def _high(side: float, smallest: float, largest: float) -> float:
    """Height of a layer: every halving of the side takes the same away.

    >>> [_high(side, 8, 32) for side in (32, 16, 8)]
    [34.0, 21.5, 9.0]
    """
    halvings = math.log2(max(1.0, largest) / max(1.0, smallest)) or 1.0
    return HIGH - (HIGH - LOW) * math.log2(max(1.0, largest) / max(1.0, side)) / halvings


def _cell(unit: list[Row], place: int, wide: float, high: float, value: float | None, top: float, share: bool) -> Cell:
    opacity = 0.0 if value is None else SHARP * min(1.0, max(0.0, value / top))
    x, y, width, height = (round(number, 2) for number in (place * wide, (HIGH - high) / 2, wide * len(unit), high))
    words = _named(unit, value, share)
    notches = [round((place + at + 0.5) * wide, 2) for at, row in enumerate(unit) if row.get("subsampling")]
    return Cell(x, y, width, height, round(opacity, 3), value is not None, notches, words, str(unit[-1]["layer"]))


def _named(unit: list[Row], value: float | None, share: bool) -> str:
    """Words for a layer: name, kind, size of the maps, what came before it, the number."""
    row, fewer = unit[-1], names([row for row in unit if row.get("subsampling")], "layer")
    facts = [short(row["layer"], 60), short(row.get("kind") or "", 40)]
    if row.get("height"):
        facts.append(f"{row['height']:g} x {row.get('width') or row['height']:g}")
    facts += [f"behind {', '.join(short(name, 40) for name in names(unit[:-1], 'layer'))}"] if unit[1:] else []
    facts += [f"subsampled at {', '.join(short(name, 40) for name in fewer)}"] if fewer else []
    facts.append("not compared" if value is None else _shown(value, share))
    return ", ".join(fact for fact in facts if fact)


def _words(model: str, lines: list[Row], values: dict[str, float], share: bool) -> str:
    fewer = names([row for row in lines if row.get("subsampling")], "layer")
    told = [f"{short(name, 40)} {_shown(value, share)}" for name, value in values.items()]
    most = max(values, key=lambda name: values[name]) if values else ""
    parts = [f"{short(model, 60)}: {len(lines)} layers, {len(fewer)} of them subsample"]
    parts += [f"most at {short(most, 40)} ({_shown(values[most], share)})"] if most else []
    parts += [f"in order: {', '.join(told)}"] if len(told) <= 12 else []
    return "; ".join(parts)
