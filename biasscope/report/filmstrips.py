"""Rows of small pictures: maps that follow a moving object, explanations that move or do not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.layers.attribution import method
from biasscope.figures.layers.stages import Stage, stages
from biasscope.figures.looks import names, of
from biasscope.report.pictures import Shot, shots

MOST = 4
"""Films on the page at most; the JSON holds all of them."""
STEPS = 12
"""Pictures in a row at most."""
WAYS = (
    ("picture", "Picture"),
    ("map_reference", "Reference"),
    ("map_shifted", "Moved picture"),
    ("map_back", "Moved back"),
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Strip:
    """A row of pictures: what it is, a line below that, a picture (or none) a column; whether a group starts here."""

    title: str
    below: str
    shots: list[Shot | None]
    starts: bool = False


@dataclass(frozen=True)
class Film:
    """Rows of pictures under common headings."""

    title: str
    heads: list[str]
    strips: list[Strip]


def moving(result: Result) -> list[Film]:
    """One film an image: a column a shift, the input on top, below it a map of every layer and model."""
    found = [row for row in rows(result, "moving") if shots(row.get("map"), "")]
    order = stages(result, found)
    return [_film(of(found, image, "image_id"), order, image) for image in names(found, "image_id")[:MOST]]


def _film(found: list[Row], order: list[Stage], image: str) -> Film:
    at = list(dict.fromkeys(_shift(row) for row in found))[:STEPS]
    inputs = {_shift(row): row.get("picture") for row in reversed(found)}
    top = [one(inputs[shift], f"{short(image, 40)}, moved {_said(shift)}") for shift in at]
    strips = [Strip("Input", "", top)] if any(top) else []
    first = names(found)[0]
    for model, layer in (pair for stage in order for pair in stage.items()):
        maps = {_shift(row): row.get("map") for row in of(of(found, layer, "layer"), model)}
        words = f"Map of {short(layer, 40)}, {short(model, 40)}, picture moved "
        line = [one(maps.get(shift), words + _said(shift)) for shift in at]
        strips += [Strip(short(layer, 40), short(model, 40), line, model == first)] if any(line) else []
    return Film(f"{short(image, 60)}, moved by (down, right)", [_told(shift) for shift in at], strips)


def _shift(row: Row) -> tuple[float, float]:
    return float(row.get("dy") or 0), float(row.get("dx") or 0)


def _told(shift: tuple[float, float]) -> str:
    return f"{shift[0]:g}, {shift[1]:g}".replace("-", "\N{MINUS SIGN}")


def _said(shift: tuple[float, float]) -> str:
    return f"{shift[0]:g} pixels down and {shift[1]:g} to the right"


def one(address: object, words: str) -> Shot | None:
    """Picture if its address is that of one."""
    return next(iter(shots(address, words)), None)


def explanations(result: Result) -> list[Film]:
    """One film an image and shift: the picture, the explanation of it, of the moved picture, and that moved back."""
    found = [row for row in rows(result, "maps") if shots(row.get("map_reference") or row.get("map_shifted"), "")]
    keys = list(dict.fromkeys((names([row], "image_id")[0], _shift(row)) for row in found))
    return [_explained([row for row in of(found, k[0], "image_id") if _shift(row) == k[1]], *k) for k in keys[:MOST]]


def _explained(found: list[Row], image: str, shift: tuple[float, float]) -> Film:
    ways = [way for way in WAYS if any(shots(row.get(way[0]), "") for row in found)]
    order = names(found, "method")
    found = sorted(found, key=lambda row: order.index(names([row], "method")[0]))
    heads = [head for _, head in ways]
    return Film(f"{short(image, 60)}, moved {_said(shift)}", heads, list(_lines(found, ways)))


def _lines(found: list[Row], ways: list[tuple[str, str]]) -> Iterable[Strip]:
    first = names(found)[0]
    for row in found:
        title, model = short(method(row.get("method")), 40), short(names([row])[0], 40)
        pictures = [one(row.get(way), f"{title}, {model}: {head.lower()}") for way, head in ways]
        yield Strip(title, model, pictures, model == short(first, 40))
