"""Two splits, or two datasets, side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from biasscope.core.results import Result
from biasscope.figures.labels import short
from biasscope.report.grid import Field
from biasscope.report.sections.generic import some

POOLED = [
    Field("title", "Measure", "text"),
    Field("measure", "Measure", "measure"),
    Field("a", "A", "real"),
    Field("b", "B", "real"),
]
CLASSES = [
    Field("label", "Class", "label"),
    Field("map_a", "Map A", "map", "Where the boxes are in feasible coordinates; stronger is more"),
    Field("map_b", "Map B", "map", "Where the boxes are in feasible coordinates; stronger is more"),
    Field("verdict", "Verdict", "verdict", "Permutation of images, corrected over all classes"),
    Field("distance", "Distance", "real", "Distance between the two sides, with its interval"),
    Field("q", "q", "probability", "Corrected p-value"),
    Field("boxes_a", "Boxes A", "count"),
    Field("boxes_b", "Boxes B", "count"),
]


def view(result: Result) -> dict[str, Any]:
    """Grids with the names of the two sides in their headings."""
    names = {side: short(result.parameters.get(side) or side.upper(), 24) for side in ("a", "b")}
    titled = any(item.name == "pooled" and "title" in item for item in result.tables)
    pooled = [item for item in POOLED if item.name != ("measure" if titled else "title")]
    return {
        "names": names,
        "pooled": some(result, "pooled", _named(pooled, names), "All classes together, with 95 % intervals"),
        "classes": some(result, "classes", _named(CLASSES, names), "Every class, the most different first", "class"),
    }


def _named(fields: list[Field], names: dict[str, str]) -> list[Field]:
    return [replace(item, title=_title(item, names)) for item in fields]


def _title(item: Field, names: dict[str, str]) -> str:
    side = item.name.rpartition("_")[2]
    return (item.title[:-1] + names[side]) if side in names else item.title
