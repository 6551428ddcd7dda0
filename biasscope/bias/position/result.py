"""The position result: counts in, one Result out."""

from __future__ import annotations

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from biasscope.bias import shares
from biasscope.bias.counting.counts import BoxCounts
from biasscope.bias.jackknife import METHOD, Estimate
from biasscope.bias.position import words
from biasscope.bias.position.pooled import edge_contact, pooled_table
from biasscope.bias.position.statistics import Placement, placement
from biasscope.bias.position.tables import class_table, joint_table, map_table, marginal_table
from biasscope.bias.testing import DRAWS, check_alpha
from biasscope.core.results import Better, Interval, Result, Scalar, interval, number

Floats = NDArray[np.float64]


def position(
    counts: BoxCounts,
    *,
    alpha: float = 0.05,
    correction: str = "bh",
    minimum: int = 10,
    monte_carlo: int = DRAWS,
    seed: int = 0,
) -> Result:
    """Whether boxes are placed uniformly, given their sizes: per class and pooled, beside the raw answer.

    Parameters
    ----------
    counts
        From :func:`biasscope.bias.count_boxes`.
    alpha
        Level of the corrected tests.
    correction
        ``bh``, ``by``, ``holm`` or ``none``; each test is corrected once over all classes tested.
    minimum
        Boxes below which a class is not tested.
    monte_carlo
        Replicates B of the null of the chi-square tests. Where a lone rejection needs more after the correction, the
        smallest p-values come from as many new ones.
    seed
        Seed of those replicates.

    Returns
    -------
    Result
        Kind ``position``: tables ``classes`` (most biased first, by effect), ``pooled``, ``maps``, ``joint``,
        ``marginals``.

    Raises
    ------
    UsageError
        For an unknown correction, or a level outside (0, 1).

    Notes
    -----
    The joint of centre and height follows Azulay & Weiss (2019, section 6), who never published binning, test or level.
    """
    check_alpha(alpha)
    found = placement(counts, alpha=alpha, correction=correction, minimum=minimum, draws=monte_carlo, seed=seed)
    rejected = {name: int((found.q[name] <= alpha).sum()) for name in (*FAMILIES, *AXES)}
    family = {name: int(np.isfinite(found.q[name]).sum()) for name in rejected}
    settings = counts.settings
    sentence = words.finding(rejected, family, touching=_touching(counts))
    parameters = {
        **{name: getattr(settings, name) for name in ("bins", "per_image", "groups", "seed", "grid")},
        "alpha": alpha,
        "correction": correction,
        "minimum": minimum,
        "monte_carlo": monte_carlo,
        "monte_carlo_again": found.again,
        "family": family["feasible"],
    }
    return Result(
        kind="position",
        title="Position",
        finding=sentence + words.warning(settings.per_image, found.design_effect[-1]) + ".",
        parameters=parameters,
        scalars=_scalars(counts, found, rejected, family),
        tables=[
            class_table(counts, found, alpha),
            pooled_table(counts, found),
            map_table(counts),
            joint_table(counts),
            marginal_table(counts),
        ],
        notes=words.notes(counts, minimum, monte_carlo, found.again, correction, alpha),
        source="Chi-square and Cramér-von Mises tests of feasible coordinates; joint of centre and height after Azulay "
        "& Weiss 2019, section 6.",
    )


def _touching(counts: BoxCounts) -> bool:
    return bool(counts.moment("touching", "frame")[-1].sum() > 0)


FAMILIES = ("raw", "feasible", "interior", "joint")
AXES = ("cvm_u", "cvm_v")
"""Tests of one axis alone, which boxes that fill their frame on the other have as well."""


def _scalars(counts: BoxCounts, found: Placement, rejected: dict[str, int], family: dict[str, int]) -> list[Scalar]:
    classes = [Scalar("classes", len(counts.labels), "Classes"), Scalar("tested", family["feasible"], "Classes tested")]
    classes += [
        Scalar(
            f"nonuniform_{name}", rejected[name], words.COUNTED[name], n=family[name], unit="classes", better="lower"
        )
        for name in (*FAMILIES, *AXES)
    ]
    return [*classes, *_pooled_scalars(counts, found)]


def _pooled_scalars(counts: BoxCounts, found: Placement) -> list[Scalar]:
    """Effects and measures of all classes together."""
    boxes, raw = int(found.boxes[-1]), int(found.boxes_raw[-1])
    bias = f"Position bias of all classes together, {words.POPULATION[counts.settings.per_image]}"
    title = f"Boxes that touch the frame, {words.POPULATION[counts.settings.per_image]}"
    clustered, touching = number(found.design_effect[-1]), int(counts.moment("n", "frame")[-1].sum())
    return [
        _scalar("pooled_effect", f"{bias} (Cramér's V, feasible)", found.effect, boxes, better="lower"),
        _scalar("pooled_effect_raw", f"{bias} (Cramér's V, raw)", found.effect_raw, raw, better="lower"),
        *(_scalar(f"pooled_{name}", words.MEASURES[name], found.measures[name], boxes) for name in words.MEASURES),
        *_pooled_tests(counts, found),
        _scalar("edge_contact", title, edge_contact(counts), touching, method=shares.METHOD),
        Scalar("design_effect", clustered, "Design effect of several boxes an image", n=int(counts.boxes[-1])),
        _median(found),
    ]


def _pooled_tests(counts: BoxCounts, found: Placement) -> list[Scalar]:
    """p-values of all classes together that stand beside no measure of the pooled table."""
    together = f"All classes together, {words.POPULATION[counts.settings.per_image]}"
    n = {"interior": int(counts.interior[-1].sum()), "joint": int(counts.joint[-1].sum())}
    return [
        Scalar(
            f"{name}_p",
            number(found.pooled_p[name]),
            f"{together}: {words.TESTED[name]}",
            n=size,
        )
        for name, size in n.items()
    ]


def _scalar(
    name: str, title: str, estimate: Estimate, n: int, better: Better | None = None, *, method: str = METHOD
) -> Scalar:
    bounds = interval(estimate.low[-1], estimate.high[-1], method=method)
    return Scalar(name, number(estimate.value[-1]), title, bounds, n, better=better)


LEAST_CLASSES = 6
"""Classes that bound their median at 95 %: five all lie on one side of it in one of sixteen datasets."""


def _median(found: Placement) -> Scalar:
    """Median effect of the tested classes, with an interval from order statistics over classes if they bound it."""
    tested = np.isfinite(found.p["feasible"][:-1] + found.effect.value[:-1])
    effects = np.sort(found.effect.value[:-1][tested])
    m = len(effects)
    made = Scalar("median_effect", None, "Median position bias of a class", n=m, better="lower")
    if m == 0:
        return made
    made = msgspec.structs.replace(made, value=float(np.median(effects)))
    if m < LEAST_CLASSES:
        return made
    reach = 0.98 * math.sqrt(m)
    low, high = (int(np.clip(place, 0, m - 1)) for place in (math.floor(m / 2 - reach), math.ceil(m / 2 + reach) - 1))
    bounds = Interval(float(effects[low]), float(effects[high]), 0.95, "order statistics over classes")
    return msgspec.structs.replace(made, interval=bounds)
