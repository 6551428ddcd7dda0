"""Which shape the shifts of a sweep have: a plane, or one or two straight paths."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.looks import names, of

Row = dict[str, Any]


def shifted(result: Result) -> list[Row]:
    """Rows of the table ``map`` that have a shift and an agreement."""
    return [row for row in rows(result, "map") if None not in (row.get("dy"), row.get("dx"), row.get("agreement"))]


def paths(found: list[Row]) -> dict[str, list[Row]]:
    """Straight paths that the shifts lie on, by direction; none when they fill a plane.

    >>> step = [{"dy": i, "dx": i} for i in range(3)]
    >>> list(paths(step)), list(paths([*step, {"dy": 0, "dx": 1}]))
    (['diagonal'], [])
    """
    lines = {
        "horizontal": [row for row in found if row["dy"] == 0],
        "vertical": [row for row in found if row["dx"] == 0],
        "diagonal": [row for row in found if row["dy"] == row["dx"]],
        "rising diagonal": [row for row in found if row["dy"] == -row["dx"]],
    }
    for name, kept in lines.items():
        if len(kept) == len(found):
            return {name: kept}
    lone = _parallel(found)
    if lone:
        return lone
    if all(row["dy"] == 0 or row["dx"] == 0 for row in found):
        return {name: lines[name] for name in ("horizontal", "vertical")}
    return {}


def _parallel(found: list[Row]) -> dict[str, list[Row]]:
    """One row or one column of shifts that does not pass through the reference."""
    if len({row["dy"] for row in found}) == 1:
        return {"horizontal": found}
    return {"vertical": found} if len({row["dx"] for row in found}) == 1 else {}


def along(row: Row, direction: str) -> float:
    """How far a shift goes along a direction, in pixels of its leading coordinate."""
    return float(row["dy"] if direction == "vertical" else row["dx"])


def planes(found: list[Row], field: str) -> tuple[list[float], list[float], dict[str, NDArray[np.float64]]]:
    """The shifts down, those to the right, and for each model the numbers of ``field`` on them (NaN: not measured)."""
    down, right = (sorted({float(row[key]) for row in found}) for key in ("dy", "dx"))
    made = {}
    for model in names(found):
        plane = np.full((len(down), len(right)), np.nan)
        for row in of(found, model):
            if row.get(field) is not None:
                plane[down.index(row["dy"]), right.index(row["dx"])] = row[field]
        made[model] = plane
    return down, right, made
