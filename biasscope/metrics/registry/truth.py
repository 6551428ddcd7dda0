"""What of it is right."""

from __future__ import annotations

from biasscope.core.registry import Entry
from biasscope.metrics.registry.entry import FIXED_REFERENCE, GAIN, NONE, PAIRS, metric

TRUTH: dict[str, Entry] = {
    "consistency_given_correct": metric(
        "consistency:ConsistencyGivenCorrect",
        "consistency given a correct reference",
        "predictions targets reference",
        "higher",
        FIXED_REFERENCE,
        "mean over images right at the reference",
    ),
    "right_to_wrong": metric(
        "flips:RightToWrong",
        "right to wrong",
        "predictions targets reference",
        "lower",
        FIXED_REFERENCE,
        "mean",
    ),
    "wrong_to_right": metric(
        "flips:WrongToRight",
        "wrong to right",
        "predictions targets reference",
        "lower",
        FIXED_REFERENCE,
        "mean",
    ),
    "wrong_to_wrong": metric(
        "flips:WrongToWrong",
        "wrong to another wrong answer",
        "predictions targets reference",
        "lower",
        FIXED_REFERENCE,
        "mean",
    ),
    "wrong_unchanged": metric(
        "flips:WrongUnchanged",
        "wrong and unchanged",
        "predictions targets reference",
        "lower",
        FIXED_REFERENCE,
        "mean",
    ),
    "right_unchanged": metric(
        "flips:RightUnchanged",
        "right and unchanged",
        "predictions targets reference",
        "higher",
        FIXED_REFERENCE,
        "mean",
    ),
    "accuracy": metric("accuracy:Accuracy", "accuracy", "predictions targets", "higher", NONE, "mean", applies=()),
    "accuracy_at_reference": metric(
        "accuracy:AccuracyAtReference",
        "accuracy at the reference",
        "predictions targets reference",
        "higher",
        NONE,
        "reference only",
    ),
    "worst_case": metric(
        "worst_case:WorstCase",
        "right at every view",
        "predictions targets",
        "higher",
        NONE,
        "worst case",
    ),
    "worst_of_k": metric(
        "worst_case:WorstOfK",
        "right at 10 random views",
        "predictions targets",
        "higher",
        NONE,
        "worst of 10 views, expected",
    ),
    "fidelity": metric("fidelity:Fidelity", "fidelity", "predictions targets", "higher", PAIRS, "mean"),
    "accuracy_per_shift": metric(
        "accuracy:AccuracyPerShift",
        "accuracy at each view",
        "predictions targets",
        "higher",
        NONE,
        "per view",
    ),
    "tta_accuracy": metric(
        "tta:TtaAccuracy", "accuracy after averaging views", "tta targets", "higher", NONE, "mean over groups"
    ),
    "tta_accuracy_gain": metric(
        "tta:TtaAccuracyGain",
        "accuracy gained by averaging views",
        "predictions tta targets",
        "higher",
        "single views",
        "difference of means",
        bounds=(-1.0, 1.0),
        interval=GAIN,
    ),
}
