"""The scale result: counts in, one Result out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.counting.counts import BoxCounts
from biasscope.bias.counting.tables import scale_edges
from biasscope.bias.grouped import design_effect_of
from biasscope.bias.jackknife import METHOD, Estimate
from biasscope.bias.medians import METHOD as ORDER
from biasscope.bias.position.tables import verdicts
from biasscope.bias.position.words import POPULATION, warning
from biasscope.bias.scale.statistics import Scales, scales
from biasscope.bias.testing import DRAWS, check_alpha
from biasscope.core.results import Result, Scalar, Table, interval, number, table
from biasscope.core.words import counted

OBJECT = {"one": "The median object (one an image)", "all": "The median object (all boxes)"}
SMALL = 0.1
"""Scale below which two digits behind the point are too few: that of a seedling from the air is .004."""
REJECTED = {"others": "different", "log-uniform": "not log-uniform"}
NAMED = {
    "others": "the other classes",
    "log-uniform": "a log-uniform scale from 1/64 to 1 of the frame",
}


def scale(
    counts: BoxCounts,
    *,
    reference: str = "others",
    alpha: float = 0.05,
    correction: str = "bh",
    minimum: int = 10,
    monte_carlo: int = DRAWS,
    seed: int = 0,
) -> Result:
    """How large the objects of each class are, and whether that differs from a named reference.

    Parameters
    ----------
    counts
        From :func:`biasscope.bias.count_boxes`.
    reference
        ``others``: each class against all other classes together. ``log-uniform``: the square root of the area share
        spread evenly in the logarithm from 1/64 to 1; smaller boxes are left out of the test.
    alpha, correction, minimum, monte_carlo, seed
        As in :func:`biasscope.bias.position.position`.

    Returns
    -------
    Result
        Kind ``scale``: tables ``classes`` (the most different first, by effect) and ``bins``.

    Raises
    ------
    UsageError
        For an unknown reference, or a level outside (0, 1).
    """
    check_alpha(alpha)
    found = scales(
        counts,
        reference=reference,
        alpha=alpha,
        correction=correction,
        minimum=minimum,
        draws=monte_carlo,
        seed=seed,
    )
    tested, different = int(np.isfinite(found.q).sum()), int((found.q <= alpha).sum())
    return Result(
        kind="scale",
        title="Scale",
        finding=_finding(found, reference, different, tested, counts.settings.per_image, minimum)
        + f"{_warned(counts) if tested else ''}.",
        parameters={
            "reference": reference,
            "range_low": float(scale_edges()[1]),
            "range_high": 1.0,
            "alpha": alpha,
            "correction": correction,
            "minimum": minimum,
            "family": tested,
            "monte_carlo": monte_carlo,
            "monte_carlo_again": found.again,
            "seed": seed,
            "per_image": counts.settings.per_image,
        },
        scalars=_scalars(counts, found, reference, different, tested),
        tables=[_class_table(counts, found, alpha, REJECTED[reference]), _bin_table(found)],
        notes=_notes(reference, minimum, counts.settings.per_image),
        source="Chi-square of apparent scale against a named reference.",
    )


def _finding(found: Scales, reference: str, different: int, tested: int, per_image: str, minimum: int) -> str:
    median = found.median.value[-1]
    spans = f"{median:.2f}" if median >= SMALL else f"{median:.2g}"
    size = "There are no boxes" if np.isnan(median) else f"{OBJECT[per_image]} spans {spans} of its frame's side"
    if tested == 0:
        why = _why(found, reference, per_image, minimum)
        return f"{size}; no class could be tested against {NAMED[reference]}: {why}"
    return (
        f"{size}; apparent scale differs from {NAMED[reference]} in {different:,} of {counted(tested, 'class')} tested"
    )


def _warned(counts: BoxCounts) -> str:
    """What must be added where boxes of one image, which go together in scale, were counted as independent."""
    if counts.shared_images is None:
        return ""
    return warning(counts.settings.per_image, float(design_effect_of(counts.scale[-1:], counts.images[-1:])[0]))


def _why(found: Scales, reference: str, per_image: str, minimum: int) -> str:
    """Why no class was tested."""
    one = {"one": ", one an image,", "all": ""}[per_image]
    if reference == "log-uniform":
        return f"none has {minimum} boxes{one} of 1/64 of the frame or more"
    if len(found.p) < 2:
        return "there are none"
    if np.count_nonzero(found.histogram[:-1].sum(0)) == 1:
        return "all boxes are of about one size (within one bin)"
    return f"each has fewer than {minimum} boxes{one} or the others have"


def _scalars(counts: BoxCounts, found: Scales, reference: str, different: int, tested: int) -> list[Scalar]:
    n = int(found.histogram[-1].sum())
    population = POPULATION[counts.settings.per_image]
    title = f"Classes whose scale differs from {NAMED[reference]}"
    return [
        _scalar(
            "median_scale",
            f"Median apparent scale, {population} (square root of the area share)",
            found.median,
            n,
            method=ORDER,
        ),
        _scalar("effective_bins", f"Effective number of scale bins, of 25, {population}", found.effective_bins, n),
        Scalar("classes", len(counts.labels), "Classes"),
        Scalar("tested", tested, "Classes tested"),
        Scalar("classes_different", different, title, n=tested, unit="classes"),
    ]


def _scalar(name: str, title: str, estimate: Estimate, n: int, *, method: str = METHOD) -> Scalar:
    bounds = interval(estimate.low[-1], estimate.high[-1], method=method)
    return Scalar(name, number(estimate.value[-1]), title, bounds, n)


def _class_table(counts: BoxCounts, found: Scales, alpha: float, rejected: str) -> Table:
    order = np.argsort(-np.where(np.isnan(found.q), -1.0, found.effect.value), kind="stable")
    q = found.q
    columns: dict[str, NDArray[np.generic]] = {
        "label": np.array(counts.labels, object),
        "boxes": counts.boxes[:-1],
        **_bounded("median_scale", found.median),
        **_bounded("q10", found.q10),
        **_bounded("q90", found.q90),
        "js": found.js.value,
        "js_low": found.js.low,
        "js_high": found.js.high,
        "effect": found.effect.value,
        "effect_low": found.effect.low,
        "effect_high": found.effect.high,
        "p": found.p,
        "q": q,
        "verdict": np.array(verdicts(q, alpha, rejected), object),
        **_bounded("effective_bins", found.effective_bins),
        "histogram": found.histogram[:-1],
    }
    ordered = {name: values[order] for name, values in columns.items()}
    return table("classes", ordered, title="Scale of every class, the most different first", row="class")


def _bounded(name: str, made: Estimate) -> dict[str, NDArray[np.generic]]:
    """Columns of a statistic of the classes and, last, the pooled set."""
    return {name: made.value[:-1], f"{name}_low": made.low[:-1], f"{name}_high": made.high[:-1]}


def _bin_table(found: Scales) -> Table:
    edges = scale_edges()
    columns = {"low": edges[:-1], "high": edges[1:], "pooled": found.histogram[-1]}
    return table("bins", columns, title="Apparent scale of all classes together", row="bin")


def _notes(reference: str, minimum: int, per_image: str) -> list[str]:
    made = [
        f"Scale has no natural uniform null; the reference here is {NAMED[reference]}.",
        "Apparent scale is the square root of a box's share of the frame's area, in bins of a quarter octave from 1/64 "
        "(smaller boxes share one bin). Quantiles come from much finer bins and are off by .004 at most. A median has "
        "an interval where its boxes are worth six or more in images of their own; few boxes do not bound their tenth "
        "from below (0) or nine tenths from above (1).",
        "The effect is Cramér's V of class and reference at equal weight over eight wider bins, corrected for what "
        "chance adds: 0 alike, 1 without overlap. Classes are ranked by it. The Jensen-Shannon divergence, over all "
        "bins, is corrected likewise.",
        f"Classes with fewer than {minimum} boxes, or with fewer than {minimum} boxes elsewhere, are not tested, and "
        "against the others none is where all boxes share one bin.",
    ]
    if per_image == "all":
        made.append(
            "Every box counts. Boxes of one image are not independent: effects and intervals allow for that, p-values "
            "do not."
        )
    return made
