"""At which layer does the representation stop moving with the picture?"""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result, Table, table
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.layers import where
from biasscope.figures.looks import names, of
from biasscope.report import filmstrips, strips, wording
from biasscope.report.grid import BY_MEASURE, Field, Grid
from biasscope.report.sections import protocols
from biasscope.report.sections.generic import some
from biasscope.report.sections.shifts import own_numbers
from biasscope.report.sections.side_by_side import measures

LISTED = 1200
"""Rows of measures that the page lists; the JSON holds all of them."""

JUMPS = [
    Field("model", "Model", "label"),
    Field("measure", "Measure", "text"),
    Field("layer", "Rises to", "code", "Layer at which the measure stands higher than at any before"),
    Field("kind", "Kind", "text"),
    Field("at", "Subsampling", "text", "Layer that subsamples at it or on the way to it"),
    Field("rise", "Rise", BY_MEASURE, "New maximum less the one before, with its interval over images"),
    Field("share", "Of all rises", "share", "Share of this measure's rises that happens here"),
    Field("n", "n", "count"),
]
DIFFERENCES = [
    Field("model", "Variant", "label"),
    Field("against", "Baseline", "text"),
    Field("title", "Measure", "text"),
    Field("value", "Less its baseline", "signed", "Paired over the same images, at the last spatial layer of each"),
    Field("n", "n", "count"),
]
MEASURES = [
    Field("model", "Model", "label"),
    Field("layer", "Layer", "code"),
    Field("depth", "Depth", "count"),
    Field("title", "Measure", "text"),
    Field("value", "Value", "real", "With its 95 % interval over images"),
    Field("n", "n", "count"),
    Field("note", "Note", "text"),
]


def view(result: Result) -> dict[str, Any]:
    """Strips, grids and films of one result."""
    jumps = [row for row in rows(result, "jumps") if row.get("rise") is not None]
    return {
        "over": protocols.over(result) or "Layers",
        "numbers": [item for item in own_numbers(result) if "@" not in item.name],
        "strips": strips.strips(result),
        "last": last(result),
        "films": filmstrips.moving(result),
        "jumps": _grid(_jumps(jumps), JUMPS, "The largest rises", "rise"),
        "differences": _intervals(result, "differences", DIFFERENCES, "Variants less their baselines, image by image"),
        "measures": _intervals(result, "measures", MEASURES, "Every measure at every layer", "row", LISTED),
        "count": wording.count(len(rows(result, "measures"))),
    }


def last(result: Result) -> Grid | None:
    """Measures at the last spatial layer, a column a model: from the scalars ``measure@model``."""
    models, found = names(rows(result, "layers")), []
    titles = {name: where.titled(of(rows(result, "measures"), name, "measure")) for name in where.measured(result)}
    for item in result.scalars:
        metric, _, model = item.name.partition("@")
        if metric not in titles or (models and model not in models) or item.value is None:
            continue
        low, high = (item.interval.low, item.interval.high) if item.interval else (None, None)
        unit = "share" if item.unit.startswith("share") else item.unit
        found.append((model, metric, titles[metric], item.value, low, high, item.better or "lower", unit))
    columns = ("model", "metric", "title", "value", "low", "high", "better", "unit")
    made = table("metrics", {key: [row[place] for row in found] for place, key in enumerate(columns)})
    return measures(Result("layers", "", tables=[made]), "At the last layer that has positions, with 95 % intervals")


def _jumps(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for row in found:
        through = row.get("behind") or (row.get("layer") if row.get("subsampling") else "none")
        row |= {"at": short(through, 60), "rise_low": row.get("low"), "rise_high": row.get("high")}
    return found


def _grid(found: list[dict[str, Any]], fields: list[Field], caption: str, row: str) -> Grid | None:
    made = table("shown", {key: [one.get(key) for one in found] for key in (found[0] if found else ())})
    return some(Result("", "", tables=[made]), "shown", fields, caption, row)


def _intervals(
    result: Result, name: str, fields: list[Field], caption: str, row: str = "row", most: int | None = None
) -> Grid | None:
    """Grid of a table whose columns ``low`` and ``high`` are the interval of its ``value``."""
    for item in result.tables:
        if item.name == name and item.height:
            return some(Result("", "", tables=[_renamed(item)]), name, fields, caption, row, most)
    return None


def _renamed(item: Table) -> Table:
    ends = {"low": "value_low", "high": "value_high"}
    columns = {ends.get(column.name, column.name): column.values for column in item.columns}
    return table(item.name, columns)
