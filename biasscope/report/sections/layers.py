"""At which layer does the representation stop moving with the picture?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from biasscope.core.results import Result, Table, table
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.layers import where
from biasscope.figures.layers.beside import ACROSS
from biasscope.figures.looks import names, of
from biasscope.report import filmstrips, strips, wording
from biasscope.report.grid import Field, Grid
from biasscope.report.sections import protocols
from biasscope.report.sections.generic import some
from biasscope.report.sections.shifts import own_numbers
from biasscope.report.sections.side_by_side import measures

RISES = 2
"""Rises of a model that are shown at once; all of them are listed."""
LISTED = 500
"""Rows of measures that the page lists; the JSON holds all of them."""

JUMPS = [
    Field("model", "Model", "label"),
    Field("named", "Measure", "text"),
    Field("layer", "Rises to", "code", "Layer at which the measure stands higher than at any before"),
    Field("kind", "Kind", "text"),
    Field("at", "Subsampling", "text", "Layer that subsamples at it or on the way to it"),
    Field("rise", "Rise", "real", "New maximum less the one before, with its interval over images"),
    Field("share", "Of all rises", "share", "Share of this measure's rises that happens here"),
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
    leading, others = jumps(result)
    most = max(len(names(rows(result, name))) for name in ("lattices", "sums"))
    return {
        "over": protocols.over(result) or "Layers",
        "numbers": [item for item in own_numbers(result) if "@" not in item.name],
        "strips": strips.strips(result),
        "last": last(result),
        "films": filmstrips.moving(result),
        "jumps": leading,
        "other_jumps": others,
        "differences": differences(result),
        "measures": _intervals(result, "measures", MEASURES, "Every measure at every layer", "row", LISTED),
        "count": wording.count(len(rows(result, "measures"))),
        "across": max(1, min(ACROSS, most)),
    }


def jumps(result: Result) -> tuple[Grid | None, Grid | None]:
    """The first rises of each model in the measure that answers "where", and all rises of all measures."""
    found = [row for row in rows(result, "jumps") if row.get("rise") is not None]
    titles = _titles(result)
    for row in found:
        through = row.get("behind") or (row.get("layer") if row.get("subsampling") else "none")
        row |= {"at": short(through, 60), "rise_low": row.get("low"), "rise_high": row.get("high")}
        row["named"] = titles.get(str(row.get("measure")), wording.measure(row.get("measure")))
    name = where.leading(result)
    first = [row for model in names(found) for row in of(of(found, model), name, "measure")[:RISES]]
    style = "points" if where.shares(of(rows(result, "measures"), name, "measure")) else "real"
    fields = [replace(field, style=style) if field.name == "rise" else field for field in JUMPS]
    caption = f"The largest rises of {titles.get(name, name).lower()}"
    return (
        _grid(first, [field for field in fields if field.name != "named"], caption, "rise"),
        _grid(found, JUMPS, "Every rise, of every measure", "rise") if len(found) > len(first) else None,
    )


def _titles(result: Result) -> dict[str, str]:
    return {name: where.titled(of(rows(result, "measures"), name, "measure")) for name in where.measured(result)}


def differences(result: Result) -> Grid | None:
    """Variants less their baselines: a row a measure, a column a variant."""
    found = rows(result, "differences")
    for row in found:
        share = where.shares(of(rows(result, "measures"), str(row.get("measure")), "measure"))
        row["metric"] = f"{row.get('measure')}{'_difference' if share else ''}"
    keys = ("model", "metric", "title", "value", "low", "high")
    made = table("metrics", {key: [row.get(key) for row in found] for key in keys})
    grid = measures(Result("layers", "", tables=[made]), "Less the baseline on the same images, at that layer")
    if grid is None or grid.fields[-1].name != "lead":
        return grid
    return replace(grid, name="differences", fields=grid.fields[:-1], rows=[row[:-1] for row in grid.rows])


def last(result: Result) -> Grid | None:
    """Measures at the last spatial layer, a column a model: from the scalars ``measure@model``."""
    models, found = names(rows(result, "layers")), []
    titles = _titles(result)
    for item in result.scalars:
        metric, _, model = item.name.partition("@")
        if metric not in titles or (models and model not in models) or item.value is None:
            continue
        low, high = (item.interval.low, item.interval.high) if item.interval else (None, None)
        unit = "share" if item.unit.startswith("share") else "" if "cosine" in item.unit else item.unit
        found.append((model, metric, titles[metric], item.value, low, high, item.better or "lower", unit))
    columns = ("model", "metric", "title", "value", "low", "high", "better", "unit")
    made = table("metrics", {key: [row[place] for row in found] for place, key in enumerate(columns)})
    return measures(
        Result("layers", "", tables=[made]), "At the last layer looked at that has positions, with 95 % intervals"
    )


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
