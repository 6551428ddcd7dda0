"""Tables of the position result: classes, maps, the joint of centre and height, marginals."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.counting.counts import BoxCounts
from biasscope.bias.position.pooled import edge_contact
from biasscope.bias.position.statistics import Placement
from biasscope.bias.position.words import POPULATION
from biasscope.core.results import Table, table

Floats = NDArray[np.float64]
Columns = dict[str, Iterable[object]]
CLASS_BINS, POOLED_BINS = 32, 64
TESTED, REJECTED, KEPT = "not tested", "non-uniform", "not rejected"


def verdicts(q: Floats, alpha: float, rejected: str = REJECTED) -> list[str]:
    """Words for corrected p-values.

    >>> verdicts(np.array([0.01, 0.2, np.nan]), 0.05)
    ['non-uniform', 'not rejected', 'not tested']
    """
    return [TESTED if np.isnan(value) else rejected if value <= alpha else KEPT for value in q]


def class_table(counts: BoxCounts, found: Placement, alpha: float) -> Table:
    """Table "classes": one row a class, the most biased first."""
    order = found.order
    columns: dict[str, NDArray[np.generic]] = {
        "label": np.array(counts.labels, object),
        "boxes": counts.boxes[:-1],
        "images": counts.images[:-1],
        "tested_boxes": found.boxes[:-1].astype(np.int64),
        "verdict": np.array(verdicts(found.q["feasible"][:-1], alpha), object),
        "verdict_raw": np.array(verdicts(found.q["raw"][:-1], alpha), object),
        **_effects(found),
        **_tests(found),
        **_measures(found),
        **_frame(counts),
        "design_effect": found.design_effect,
        "map_feasible": counts.feasible.sum(1),
        "map_raw": counts.raw.sum(1),
        "marginal_u": coarse(counts.fine[:, 0], CLASS_BINS),
        "marginal_v": coarse(counts.fine[:, 1], CLASS_BINS),
    }
    ordered = {name: values[order] for name, values in columns.items()}
    return table("classes", ordered, title="Every class, the most biased first", row="class")


def map_table(counts: BoxCounts) -> Table:
    """Table "maps": pooled maps, cells row by row from the top."""
    maps = {"feasible": counts.feasible[-1].sum(0), "raw": counts.raw[-1].sum(0), "interior": counts.interior[-1]}
    columns: Columns = {
        "name": list(maps),
        "bins": [counts.settings.bins] * len(maps),
        "counts": [values.tolist() for values in maps.values()],
    }
    return table("maps", columns, title=f"All classes together, {POPULATION[counts.settings.per_image]}", row="map")


def joint_table(counts: BoxCounts) -> Table:
    """Table "joint": centre by height, rows from small to large boxes, columns from the top (left)."""
    planes = {"cy_height": counts.cy_height, "cx_height": counts.cx_height}
    columns: Columns = {
        "name": list(planes),
        "rows": [plane.shape[0] for plane in planes.values()],
        "columns": [plane.shape[1] for plane in planes.values()],
        "counts": [plane.ravel().tolist() for plane in planes.values()],
    }
    return table("joint", columns, title="Centre and relative height together", row="plane")


def marginal_table(counts: BoxCounts) -> Table:
    """Table "marginals": pooled histograms of u, v, cx, cy over [0, 1]."""
    fine = coarse(counts.pooled_fine.sum(0), POOLED_BINS)
    columns: Columns = {"axis": ["u", "v", "cx", "cy"], "counts": fine.tolist()}
    return table("marginals", columns, title="Marginals of all classes together", row="axis")


def coarse(fine: NDArray[np.int64], bins: int) -> NDArray[np.int64]:
    """Histogram with fewer bins, over the last axis.

    >>> coarse(np.array([1, 2, 3, 4]), 2).tolist()
    [3, 7]
    """
    return np.asarray(fine.reshape(*fine.shape[:-1], bins, -1).sum(-1))


def _effects(found: Placement) -> dict[str, Floats]:
    columns: dict[str, Floats] = {}
    for name, estimate, test in (("effect", found.effect, "feasible"), ("effect_raw", found.effect_raw, "raw")):
        suffix = name.removeprefix("effect")
        columns |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        columns |= {f"p{suffix}": found.p[test], f"q{suffix}": found.q[test]}
    return columns


def _tests(found: Placement) -> dict[str, Floats]:
    columns: dict[str, Floats] = {}
    for test in ("interior", "joint", "cvm_u", "cvm_v"):
        columns |= {f"p_{test}": found.p[test], f"q_{test}": found.q[test]}
    for name, estimate in (("js", found.js), ("w1_u", found.w1_u), ("w1_v", found.w1_v)):
        columns |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return columns


def _measures(found: Placement) -> dict[str, Floats]:
    columns: dict[str, Floats] = {}
    for name, estimate in found.measures.items():
        columns |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
        columns |= {f"p_{name}": found.p[name]}
    return columns


def _frame(counts: BoxCounts) -> dict[str, NDArray[np.generic]]:
    n = counts.moment("n", "frame").sum(1)
    totals = {name: counts.moment(name, "frame").sum(1) for name in ("left", "top", "right", "bottom", *SLACK)}
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = {name: total / n for name, total in totals.items()}
    touching = edge_contact(counts)
    return {
        "edge_contact": touching.value,
        "edge_contact_low": touching.low,
        "edge_contact_high": touching.high,
        **{f"edge_{side}": shares[side] for side in ("left", "top", "right", "bottom")},
        **{name: shares[name] for name in SLACK},
        **{f"no_{name}": counts.moment(f"no_{name}", "frame").sum(1).astype(np.int64) for name in SLACK},
    }


SLACK = ("slack_x", "slack_y")
