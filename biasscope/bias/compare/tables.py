"""Tables of a comparison: one row a class, both sides together, and the maps of both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from biasscope.bias.columns import group_numbers
from biasscope.bias.compare.energy import Floats, Ints
from biasscope.bias.compare.evidence import Evidence
from biasscope.bias.compare.looks import BINS
from biasscope.bias.jackknife import Estimate
from biasscope.bias.measures import TITLES, estimate, measures_of
from biasscope.core.randomness import generator
from biasscope.core.results import Cell, Table, table


def classes_table(found: Evidence, parameters: Mapping[str, Cell]) -> Table:
    """Distances, tests and maps of every class, the most different first; behind them those that are not tested."""
    sides, position, scale = found.sides, found.looks["position"], found.looks["scale"]
    alpha = float(str(parameters["alpha"]))
    boxes, maps = sides.boxes(), _class_maps(found)
    columns: dict[str, Iterable[object]] = {
        "label": list(sides.labels),
        "boxes_a": boxes[:, 0],
        "boxes_b": boxes[:, 1],
        "images_a": found.images[:, 0],
        "images_b": found.images[:, 1],
        **_with_bounds("distance", position.distance),
        "p": position.p,
        "q": position.q,
        "verdict": position.verdicts(alpha),
        "permutations": position.permutations,
        **_with_bounds("difference_u", found.shifts[0]),
        **_with_bounds("difference_v", found.shifts[1]),
        **_with_bounds("scale_distance", scale.distance),
        "p_scale": scale.p,
        "q_scale": scale.q,
        "verdict_scale": scale.verdicts(alpha),
        "map_a": maps[:, 0].tolist(),
        "map_b": maps[:, 1].tolist(),
    }
    untested = np.isnan(position.q) & np.isnan(scale.q)  # the distance of few boxes is large by chance
    order = np.lexsort([np.arange(len(boxes)), -np.nan_to_num(position.distance.value, nan=-1.0), untested])
    ordered = {name: [_plain(values)[row] for row in order] for name, values in columns.items()}
    return table("classes", ordered, title="Per class, the most different first", row="class")


def _plain(values: Iterable[object]) -> list[object]:
    return list(values.tolist()) if isinstance(values, np.ndarray) else list(values)


def _with_bounds(name: str, made: Estimate) -> dict[str, Floats]:
    return {name: made.value, f"{name}_low": made.low, f"{name}_high": made.high}


def _class_maps(found: Evidence) -> Ints:
    sides, held, cells = found.sides, found.cell >= 0, BINS * BINS
    slot = (sides.label * 2 + sides.side)[held]
    flat = np.bincount(slot * cells + found.cell[held], minlength=2 * len(sides.labels) * cells)
    return flat.reshape(-1, 2, cells)


def pooled_table(found: Evidence, parameters: Mapping[str, Cell], level: float) -> Table:
    """Measures of either side, all classes together."""
    groups, rng = int(str(parameters["groups"])), generator(int(str(parameters["seed"])), "compare groups")
    measured = [
        measures_of(position, group_numbers(columns, groups, rng), groups, columns.image, level=level)
        for columns, position in zip(found.sides.together.columns, found.sides.together.positions, strict=True)
    ]
    columns: dict[str, list[object]] = {"measure": list(TITLES), "title": list(TITLES.values())}
    for name, side in zip(("a", "b"), measured, strict=True):
        rows = [estimate(measure, side, level=level) for measure in TITLES]
        for part, suffix in enumerate(("", "_low", "_high")):
            columns[name + suffix] = [row[part] for row in rows]
    return table("pooled", columns, title="Both sides, all classes together", row="measure")


def maps_table(found: Evidence, names: tuple[str, str]) -> Table:
    """Where boxes lie in the room that their size leaves, on either side."""
    counts = _class_maps(found).sum(0).tolist()
    columns: dict[str, Iterable[object]] = {
        "name": ["a", "b"],
        "title": list(names),
        "bins": [BINS, BINS],
        "counts": counts,
    }
    return table("maps", columns, title="Feasible coordinates, all classes", row="map")
