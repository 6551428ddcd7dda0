"""All metrics by name: where the class is, and what is known about the number without computing it.

Facts
-----
``title``
    What people read.
``inputs``
    Names of the arrays of a sweep that ``update`` takes, by keyword.
``better``
    "higher" or "lower".
``bounds``
    Smallest and largest possible value.
``shift``, ``reference``, ``aggregate``
    What the number says: over which movements, compared with what, and how views are joined. "any" leaves the shift to
    the transformation of the sweep.
``needs_targets``
    Whether images need a true class.
``applies``
    Names of coordinates, of which a sweep must have one; empty: any sweep.
``vector``
    Whether there is a number for each view.
``unit``, ``interval``
    Unit of the number; method of its interval.
"""

from __future__ import annotations

import math

from biasscope.core.registry import Entry, Registry

PATH = ("dy", "size", "angle", "frame")
"""Coordinates along which views are small steps from each other."""
FIXED = (*PATH, "implementation")
"""Coordinates whose views have one reference."""
SHARE = "Korn-Graubard, images as clusters"
POSITIVE = "delta method on the logarithm, t, images as clusters"
GAIN = "square-and-add of Korn-Graubard, images as clusters"
UNBOUNDED = (0.0, math.inf)


def _metric(
    target: str,
    title: str,
    inputs: str,
    better: str,
    reference: str,
    aggregate: str,
    *,
    applies: tuple[str, ...] = FIXED,
    bounds: tuple[float, float] = (0.0, 1.0),
    interval: str = SHARE,
    unit: str = "",
    shift: str = "any",
) -> Entry:
    names = tuple(inputs.split())
    facts = {
        "title": title,
        "inputs": names,
        "better": better,
        "bounds": bounds,
        "shift": shift,
        "reference": reference,
        "aggregate": aggregate,
        "needs_targets": bool({"targets", "p_true", "rank_true"} & set(names)),
        "applies": applies,
        "vector": aggregate == "per view",
        "unit": unit,
        "interval": interval,
    }
    return Entry(f"biasscope.metrics.classes.{target}", facts)


ADJACENT, FIXED_REFERENCE, PAIRS, NONE = "adjacent step", "fixed original", "all pairs of views", "none"

METRICS = Registry(
    "metric",
    {
        "consistency": _metric("consistency:Consistency", "consistency", "predictions", "higher", PAIRS, "mean"),
        "consistency_with_replacement": _metric(
            "consistency:ConsistencyWithReplacement",
            "consistency (with replacement)",
            "predictions",
            "higher",
            "all pairs of views, with replacement",
            "mean",
        ),
        "sampled_consistency": _metric(
            "sampled_consistency:SampledConsistency",
            "consistency (sampled pairs)",
            "predictions steps",
            "higher",
            "pair of random offsets",
            "mean",
            applies=("pair",),
        ),
        "k_agreement": _metric(
            "k_agreement:KAgreement", "agreement of 3 views", "predictions", "higher", "all triples of views", "mean"
        ),
        "consistency_given_correct": _metric(
            "consistency:ConsistencyGivenCorrect",
            "consistency given a correct reference",
            "predictions targets reference",
            "higher",
            FIXED_REFERENCE,
            "mean over images right at the reference",
        ),
        "worst_case_consistency": _metric(
            "worst_case:WorstCaseConsistency",
            "same answer at every view",
            "predictions",
            "higher",
            FIXED_REFERENCE,
            "worst case",
        ),
        "top1_change": _metric(
            "top1_change:Top1Change", "top-1 change", "predictions steps", "lower", ADJACENT, "mean", applies=PATH
        ),
        "top1_change_from_reference": _metric(
            "top1_change:Top1ChangeFromReference",
            "top-1 change from the reference",
            "predictions reference",
            "lower",
            FIXED_REFERENCE,
            "mean",
        ),
        "mean_absolute_change": _metric(
            "mean_absolute_change:MeanAbsoluteChange",
            "mean absolute change",
            "p_top p_step steps",
            "lower",
            ADJACENT,
            "mean",
            applies=PATH,
        ),
        "mean_absolute_change_from_reference": _metric(
            "mean_absolute_change:MeanAbsoluteChangeFromReference",
            "mean absolute change from the reference",
            "p_reference reference",
            "lower",
            FIXED_REFERENCE,
            "mean",
        ),
        "jaggedness": _metric(
            "jaggedness:Jaggedness",
            "jaggedness (top-1, changes an image)",
            "predictions steps",
            "lower",
            ADJACENT,
            "count",
            applies=PATH,
            bounds=UNBOUNDED,
            unit="changes",
        ),
        "jaggedness_rate": _metric(
            "jaggedness:JaggednessRate",
            "jaggedness (top-1, changes a step)",
            "predictions steps",
            "lower",
            ADJACENT,
            "rate",
            applies=PATH,
        ),
        "jaggedness_top5": _metric(
            "jaggedness:JaggednessTop5",
            "jaggedness (top-5, changes an image)",
            "rank_true steps",
            "lower",
            ADJACENT,
            "count",
            applies=PATH,
            bounds=UNBOUNDED,
            unit="changes",
        ),
        "jaggedness_top5_rate": _metric(
            "jaggedness:JaggednessTop5Rate",
            "jaggedness (top-5, changes a step)",
            "rank_true steps",
            "lower",
            ADJACENT,
            "rate",
            applies=PATH,
        ),
        "top5_drop": _metric(
            "top5_drop:Top5Drop",
            "top-5 drop (a step)",
            "rank_true steps",
            "lower",
            ADJACENT,
            "mean over steps that begin in the top 5",
            applies=PATH,
        ),
        "top5_drop_anywhere": _metric(
            "top5_drop:Top5DropAnywhere",
            "top-5 drop (anywhere)",
            "rank_true reference",
            "lower",
            FIXED_REFERENCE,
            "worst case over images in the top 5 at the reference",
        ),
        "right_to_wrong": _metric(
            "flips:RightToWrong",
            "right to wrong",
            "predictions targets reference",
            "lower",
            FIXED_REFERENCE,
            "mean",
        ),
        "wrong_to_right": _metric(
            "flips:WrongToRight",
            "wrong to right",
            "predictions targets reference",
            "lower",
            FIXED_REFERENCE,
            "mean",
        ),
        "wrong_to_wrong": _metric(
            "flips:WrongToWrong",
            "wrong to another wrong answer",
            "predictions targets reference",
            "lower",
            FIXED_REFERENCE,
            "mean",
        ),
        "wrong_unchanged": _metric(
            "flips:WrongUnchanged",
            "wrong and unchanged",
            "predictions targets reference",
            "lower",
            FIXED_REFERENCE,
            "mean",
        ),
        "right_unchanged": _metric(
            "flips:RightUnchanged",
            "right and unchanged",
            "predictions targets reference",
            "higher",
            FIXED_REFERENCE,
            "mean",
        ),
        "wobble_true": _metric(
            "wobble:WobbleTrue",
            "wobble of the true class",
            "p_true",
            "lower",
            NONE,
            "largest minus smallest over views",
        ),
        "wobble_reference": _metric(
            "wobble:WobbleReference",
            "wobble of the reference's answer",
            "p_reference",
            "lower",
            FIXED_REFERENCE,
            "largest minus smallest over views",
        ),
        "flip_rate": _metric(
            "flip_rate:FlipRate",
            "flip rate between adjacent frames",
            "predictions steps",
            "lower",
            ADJACENT,
            "mean",
            applies=("frame",),
            shift="natural video",
        ),
        "accuracy": _metric("accuracy:Accuracy", "accuracy", "predictions targets", "higher", NONE, "mean", applies=()),
        "accuracy_at_reference": _metric(
            "accuracy:AccuracyAtReference",
            "accuracy at the reference",
            "predictions targets reference",
            "higher",
            NONE,
            "reference only",
        ),
        "worst_case": _metric(
            "worst_case:WorstCase",
            "right at every view",
            "predictions targets",
            "higher",
            NONE,
            "worst case",
        ),
        "worst_of_k": _metric(
            "worst_case:WorstOfK",
            "right at 10 random views",
            "predictions targets",
            "higher",
            NONE,
            "worst of 10 views, expected",
        ),
        "fidelity": _metric("fidelity:Fidelity", "fidelity", "predictions targets", "higher", PAIRS, "mean"),
        "accuracy_per_shift": _metric(
            "accuracy:AccuracyPerShift",
            "accuracy at each view",
            "predictions targets",
            "higher",
            NONE,
            "per view",
        ),
        "agreement_per_shift": _metric(
            "agreement_per_shift:AgreementPerShift",
            "agreement with the reference at each view",
            "predictions reference",
            "higher",
            FIXED_REFERENCE,
            "per view",
        ),
        "flipping_share": _metric(
            "smallest_flipping_shift:FlippingShare",
            "images that any view flips",
            "predictions reference",
            "lower",
            FIXED_REFERENCE,
            "worst case",
        ),
        "smallest_flipping_shift": _metric(
            "smallest_flipping_shift:SmallestFlippingShift",
            "smallest flipping shift (restricted mean, larger of |dy|, |dx|)",
            "predictions offsets reference",
            "higher",
            FIXED_REFERENCE,
            "mean, censored at the grid's reach",
            applies=("dy",),
            bounds=UNBOUNDED,
            unit="px",
        ),
        "tta_accuracy": _metric(
            "tta:TtaAccuracy", "accuracy after averaging views", "tta targets", "higher", NONE, "mean over groups"
        ),
        "tta_consistency": _metric(
            "tta:TtaConsistency",
            "consistency after averaging views",
            "tta",
            "higher",
            "all pairs of groups",
            "mean",
        ),
        "tta_accuracy_gain": _metric(
            "tta:TtaAccuracyGain",
            "accuracy gained by averaging views",
            "predictions tta targets",
            "higher",
            "single views",
            "difference of means",
            bounds=(-1.0, 1.0),
            interval=GAIN,
        ),
        "tta_consistency_gain": _metric(
            "tta:TtaConsistencyGain",
            "consistency gained by averaging views",
            "predictions tta",
            "higher",
            "single views",
            "difference of means",
            bounds=(-1.0, 1.0),
            interval=GAIN,
        ),
        "local_equivariance_error": _metric(
            "lie_derivative:LocalEquivarianceError",
            "local equivariance error (Lie derivative)",
            "derivatives",
            "lower",
            "the image itself",
            "mean square",
            applies=(),
            bounds=UNBOUNDED,
            interval=POSITIVE,
            unit="output² / t²",
            shift="infinitesimal",
        ),
    },
)
"""Metric name -> class, with the facts named above."""
