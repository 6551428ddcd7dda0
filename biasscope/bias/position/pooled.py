"""The pooled set: every measure in feasible and in raw coordinates, with intervals, side by side."""

from __future__ import annotations

import math

from biasscope.bias.counting.counts import BoxCounts
from biasscope.bias.jackknife import Estimate
from biasscope.bias.position.statistics import MEASURES, Placement, distances_of, measure
from biasscope.bias.position.words import POPULATION
from biasscope.bias.shares import share_interval
from biasscope.core.results import Table, table

TITLES = {
    "effect": "Cramér's V, bias-corrected",
    "js": "Jensen-Shannon divergence (bits)",
    "w1_u": "Wasserstein-1 distance from uniform, across",
    "w1_v": "Wasserstein-1 distance from uniform, down",
    "displacement_u": "Displacement across (positive: right)",
    "displacement_v": "Displacement down (positive: lower)",
    "concentration_u": "Concentration across (1 uniform, below 1 gathered)",
    "concentration_v": "Concentration down (1 uniform, below 1 gathered)",
    "correlation": "Correlation of across and down",
}
TESTS = {"effect": "feasible", "w1_u": "cvm_u", "w1_v": "cvm_v", **{name: name for name in MEASURES}}
TESTS_RAW = {"effect": "raw"}
"""Measure -> the test of it, on either side."""


def pooled_table(counts: BoxCounts, found: Placement) -> Table:
    """Table "pooled": one row a measure."""
    feasible, raw = _feasible(found), _raw(counts, found)
    sides = [(feasible, "feasible", TESTS), (raw, "raw", TESTS_RAW)]
    columns: dict[str, list[object]] = {"measure": list(TITLES), "title": list(TITLES.values())}
    for side, name, test in sides:
        columns[name] = [float(side[key].value[-1]) for key in TITLES]
        columns[f"{name}_low"] = [float(side[key].low[-1]) for key in TITLES]
        columns[f"{name}_high"] = [float(side[key].high[-1]) for key in TITLES]
        columns[f"{name}_p"] = [found.pooled_p.get(test.get(key, ""), math.nan) for key in TITLES]
    population = POPULATION[counts.settings.per_image]
    return table("pooled", columns, title=f"All classes together, {population}", row="measure")


def edge_contact(counts: BoxCounts) -> Estimate:
    """Share of boxes that touch the frame, for every class and the pooled set."""
    return share_interval(counts.moment("touching", "frame"), counts.moment("n", "frame"), counts.images)


def _feasible(found: Placement) -> dict[str, Estimate]:
    return {"effect": found.effect, "js": found.js, "w1_u": found.w1_u, "w1_v": found.w1_v, **found.measures}


def _raw(counts: BoxCounts, found: Placement) -> dict[str, Estimate]:
    n, cx, cy, cxx, cyy, cxy = (
        counts.moment(name, "raw_moments")[-1:] for name in ("n", "cx", "cy", "cxx", "cyy", "cxy")
    )
    across, down = {"n_u": n, "u": cx, "uu": cxx}, {"n_v": n, "v": cy, "vv": cyy}
    both = {"n": n, "u_both": cx, "v_both": cy, "uu_both": cxx, "vv_both": cyy, "uv": cxy}
    measures = {name: measure(name, across | down | both) for name in MEASURES}
    fine, images = counts.pooled_fine[:, 2:].sum(0), counts.shared_images
    distances = distances_of(counts.raw[-1:], fine[None], None if images is None else images[-1:])
    return {"effect": found.effect_raw, **distances, **measures}
