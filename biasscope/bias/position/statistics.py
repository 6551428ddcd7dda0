"""All position statistics of every class as arrays, from counts alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasscope.bias import distances, effects, testing
from biasscope.bias.counting.counts import BoxCounts
from biasscope.bias.grouped import design_effect_of, grouped_effect
from biasscope.bias.jackknife import FISHER, LOGARITHM, Estimate, jackknife, leave_one_out

Floats = NDArray[np.float64]
Sums = dict[str, Floats]
RANGES = {"displacement": (-0.5, 0.5), "concentration": (0.0, 3.0), "correlation": (-1.0, 1.0)}
SCALES = {"concentration": LOGARITHM, "correlation": FISHER}
"""First word of a measure -> what it can be, and the scale of its interval."""
MEASURES = ("displacement_u", "displacement_v", "concentration_u", "concentration_v", "correlation")


@dataclass(frozen=True)
class Placement:
    """Position statistics, one value a class and a last one for the pooled set.

    Attributes
    ----------
    boxes, boxes_raw
        Boxes behind the feasible map (those with slack on both axes) and behind the raw one.
    effect, effect_raw
        Bias-corrected Cramér's V of the feasible and the raw map; with every box of an image, from pairs of boxes in
        different groups of images only (NaN where all are in one group).
    measures
        ``displacement_u``, ``displacement_v``, ``concentration_u``, ``concentration_v``, ``correlation`` of (u, v).
    p
        p-values by test: ``feasible``, ``raw``, ``interior``, ``joint``, ``cvm_u``, ``cvm_v`` and the measures. NaN:
        not tested, and for the pooled set.
    pooled_p
        Those of the pooled set: one question, not corrected.
    again
        Draws of the second stage of the chi-square tests; 0 where the first is enough for a lone rejection.
    q
        The same, corrected over the classes tested; those of one axis alone over the axes too.
    js, w1_u, w1_v
        Jensen-Shannon divergence (bits) of the feasible map, Wasserstein-1 distance of u and of v from uniform, without
        what chance adds to them (:mod:`biasscope.bias.distances`).
    design_effect
        Variance of the mean position over that of as many independent boxes, by the jackknife, all boxes.
    """

    boxes: Floats
    boxes_raw: Floats
    effect: Estimate
    effect_raw: Estimate
    measures: dict[str, Estimate]
    p: dict[str, Floats]
    pooled_p: dict[str, float]
    again: int
    q: dict[str, Floats]
    js: Estimate
    w1_u: Estimate
    w1_v: Estimate
    design_effect: Floats

    @property
    def order(self) -> NDArray[np.int64]:
        """Classes by effect size, largest first; classes that were not tested last."""
        effect = np.where(np.isnan(self.p["feasible"]), -1.0, self.effect.value)[:-1]
        return np.argsort(-effect, kind="stable")


def placement(
    counts: BoxCounts,
    *,
    alpha: float = 0.05,
    correction: str = "bh",
    minimum: int = 10,
    draws: int = testing.DRAWS,
    seed: int = 0,
) -> Placement:
    """Every statistic of :class:`Placement`; classes with fewer than ``minimum`` boxes are not tested."""
    feasible, raw = counts.feasible.sum(1), counts.raw.sum(1)
    maps = {"feasible": feasible, "raw": raw, "interior": counts.interior, "joint": counts.joint}
    family = max(int((table[:-1].sum(-1) >= minimum).sum()) for table in maps.values())
    again = testing.draws_again(draws, family, alpha, correction)
    sums = {name: counts.moment(name) for name in ("n_u", "u", "uu", "n_v", "v", "vv", *BOTH)}
    measures = {name: measure(name, sums) for name in MEASURES}
    p = {
        **_binned(maps, minimum=minimum, draws=draws, again=again, seed=seed),
        **_unbinned(counts.fine, minimum),
        **_moments(measures, sums, minimum),
    }
    pooled = {name: float(values[-1]) for name, values in p.items()}
    p = {name: np.append(values[:-1], np.nan) for name, values in p.items()}
    return Placement(
        boxes=feasible.sum(-1).astype(np.float64),
        boxes_raw=raw.sum(-1).astype(np.float64),
        effect=_effect(counts, counts.feasible),
        effect_raw=_effect(counts, counts.raw),
        measures=measures,
        p=p,
        pooled_p=pooled,
        again=again,
        q=_corrected(p, correction),
        **distances_of(counts.feasible, counts.fine, counts.shared_images),
        design_effect=_design_effects(counts, minimum),
    )


def _corrected(p: dict[str, Floats], correction: str) -> dict[str, Floats]:
    """Over classes; those of one axis alone over both axes too (Bonferroni), as a class is named for either.

    One family of both would not do: where one axis is biased in most classes, the other could be wrong in many.
    """
    q = {name: testing.adjust(values, correction) for name, values in p.items()}
    axes = [name for name in ("cvm_u", "cvm_v") if np.isfinite(p[name]).any()]
    times = 1 if correction == "none" else len(axes)
    return q | {name: np.minimum(q[name] * times, 1.0) for name in axes}


BOTH = ("n", "u_both", "v_both", "uu_both", "vv_both", "uv")
CLUSTERED = ("n_u", "u", "uu", "n_v", "v", "vv")


def measure(name: str, sums: Sums) -> Estimate:
    """One of ``MEASURES`` with its jackknife interval, from sums of shape ``(classes, groups)``.

    Variances and correlations of few boxes are skew: laid on their own scales, the intervals hold from four boxes on.
    """
    kind, _, axis = name.partition("_")
    columns, statistic = MEASURE[kind](axis)
    parts = [sums[column] for column in columns]
    low, high = RANGES[kind]
    full = statistic(*(part.sum(1) for part in parts))
    left, scale = statistic(*map(leave_one_out, parts)), SCALES.get(kind)
    return jackknife(full, left, parts[0] > 0, low=low, high=high, scale=scale)


MEASURE: dict[str, Callable[[str], tuple[tuple[str, ...], Callable[..., Floats]]]] = {
    "displacement": lambda axis: ((f"n_{axis}", axis), effects.displacement),
    "concentration": lambda axis: ((f"n_{axis}", axis, 2 * axis), effects.concentration),
    "correlation": lambda axis: (BOTH, effects.correlation),
}


def distances_of(
    maps: NDArray[np.int64], fine: NDArray[np.int64], images: NDArray[np.int64] | None = None
) -> dict[str, Estimate]:
    """Jensen-Shannon of maps ``(classes, groups, cells)``, Wasserstein of the axes ``(classes, 2, bins)``.

    ``images``: those that boxes share, if they do; they are worth fewer boxes.
    """
    side, worth = round(maps.shape[-1] ** 0.5), 1 / design_effect_of(maps, images)
    planes = maps.reshape(*maps.shape[:2], side, side)
    across, down = (
        distances.wasserstein_interval(fine[:, axis], planes.sum(2 + axis), boxes=fine[:, axis].sum(-1) * worth)
        for axis in (0, 1)
    )
    js = distances.jensen_shannon_interval(maps, boxes=maps.sum((1, 2)) * worth)
    return {"js": js, "w1_u": across, "w1_v": down}


def _effect(counts: BoxCounts, groups: NDArray[np.int64]) -> Estimate:
    """Corrected for chance over boxes, or over groups of images where boxes share images."""
    if counts.settings.per_image == "one":
        return effects.cramers_v_interval(groups)
    return grouped_effect(groups, images=counts.images)


def _design_effects(counts: BoxCounts, minimum: int) -> Floats:
    """Of every class from the jackknife groups, of the pooled set from many more; 1 where no image has two boxes."""
    classes = design_effect({name: counts.moment(name, "cluster") for name in CLUSTERED}, minimum)
    pooled = design_effect({name: counts.moment(name, "pooled_cluster")[None] for name in CLUSTERED}, minimum)
    found = np.append(classes[:-1], pooled)
    return np.where(np.isfinite(found) & (counts.boxes == counts.images), 1.0, found)


def design_effect(sums: Sums, minimum: int) -> Floats:
    """Jackknife variance of mean(u) and mean(v) over that of independent boxes, averaged over the axes.

    With 20 groups it is known to about a quarter, with 1024 to 4 %; classes below ``minimum`` boxes give NaN.
    """
    ratios = []
    for axis in ("u", "v"):
        n, total, squares = (sums[name].sum(1) for name in (f"n_{axis}", axis, 2 * axis))
        error = measure(f"displacement_{axis}", sums).error
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios.append(
                np.where(n >= max(minimum, 2), error**2 * n * 12 / effects.concentration(n, total, squares), np.nan)
            )
    return np.asarray((ratios[0] + ratios[1]) / 2)


def _binned(maps: dict[str, NDArray[np.int64]], *, again: int, **options: int) -> dict[str, Floats]:
    """Chi-square p-values; maps with equally many cells share one Monte-Carlo null, the pooled set has its own."""
    p: dict[str, Floats] = {}
    for cells in {table.shape[-1] for table in maps.values()}:
        alike = {name: table[:-1] for name, table in maps.items() if table.shape[-1] == cells}
        stacked = np.concatenate(list(alike.values()))
        values = testing.chi_square_p(stacked, again=again, **options)
        p |= dict(zip(alike, np.split(values, len(alike)), strict=True))
    return {name: np.append(p[name], testing.chi_square_p(maps[name][-1:], **options)) for name in maps}


def _unbinned(fine: NDArray[np.int64], minimum: int) -> dict[str, Floats]:
    n = fine.sum(-1)
    sizes = np.where(n >= minimum, n, 0)
    p = testing.cramer_von_mises_p(testing.cramer_von_mises_binned(fine), sizes)
    return {"cvm_u": p[:, 0], "cvm_v": p[:, 1]}


def _moments(measures: dict[str, Estimate], sums: Sums, minimum: int) -> dict[str, Floats]:
    tests = {"displacement": testing.displacement_p, "concentration": testing.concentration_p}
    p = {}
    for name in MEASURES:
        kind, _, axis = name.partition("_")
        n = sums[f"n_{axis}" if axis else "n"].sum(1)
        test = tests.get(kind, testing.correlation_p)
        p[name] = test(measures[name].value, np.where(n >= minimum, n, 0))
    return p
