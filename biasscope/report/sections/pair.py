"""Two splits, or two datasets, side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from biasscope.core.results import Result
from biasscope.figures.labels import short
from biasscope.report.grid import BY_MEASURE, Field
from biasscope.report.sections.generic import some

POOLED = [
    Field("title", "Measure", "text"),
    Field("measure", "Measure", "measure"),
    Field("a", "A", BY_MEASURE),
    Field("b", "B", BY_MEASURE),
]
CLASSES = [
    Field("label", "Class", "label"),
    Field("map_a", "Map A", "map", "Where the boxes are in feasible coordinates; stronger is more"),
    Field("map_b", "Map B", "map", "Where the boxes are in feasible coordinates; stronger is more"),
    Field("verdict", "Verdict", "verdict", "Permutation of images, corrected over all classes"),
    Field("distance", "Distance", "real", "Distance between the two sides, with its interval"),
    Field("q", "q", "probability", "Corrected p-value"),
    Field("difference_u", "Moved →", "signed", "Mean of u in B less that in A: positive is further right in B"),
    Field("difference_v", "Moved ↓", "signed", "Mean of v in B less that in A: positive is further down in B"),
    Field("verdict_scale", "Verdict, scale", "verdict", "The same for scale"),
    Field(
        "scale_distance", "Distance, scale", "real", "Distance between the scales of the two sides, with its interval"
    ),
    Field("q_scale", "q, scale", "probability", "Corrected p-value for scale"),
    Field("boxes_a", "Boxes A", "count"),
    Field("boxes_b", "Boxes B", "count"),
]


def view(result: Result) -> dict[str, Any]:
    """Grids with the names of the two sides in their headings."""
    names = {side: _name(result, side) for side in ("a", "b")}
    titled = any(item.name == "pooled" and "title" in item for item in result.tables)
    pooled = [item for item in POOLED if item.name != ("measure" if titled else "title")]
    return {
        "over": f"{names['a']} against {names['b']}",
        "brief": names["b"],
        "names": names,
        "pooled": some(result, "pooled", _named(pooled, names), "All classes together, with 95 % intervals"),
        "classes": some(result, "classes", _named(CLASSES, names), "Every class, the most different first", "class"),
    }


def _name(result: Result, side: str) -> str:
    given = str(result.parameters.get(side) or side.upper())
    return short(given.rstrip("/").rpartition("/")[2], 32)


def _named(fields: list[Field], names: dict[str, str]) -> list[Field]:
    return [replace(item, title=_title(item, names)) for item in fields]


def _title(item: Field, names: dict[str, str]) -> str:
    side = item.name.rpartition("_")[2]
    return (item.title[:-1] + names[side]) if side in names else item.title
