"""How alike views are answered, whatever is right."""

from __future__ import annotations

from biasscope.core.registry import Entry
from biasscope.metrics.registry.entry import ADJACENT, FIXED_REFERENCE, GAIN, PAIRS, UNBOUNDED, metric

AGREEMENT: dict[str, Entry] = {
    "consistency": metric("consistency:Consistency", "consistency", "predictions", "higher", PAIRS, "mean"),
    "consistency_with_replacement": metric(
        "consistency:ConsistencyWithReplacement",
        "consistency (with replacement)",
        "predictions",
        "higher",
        "all pairs of views, with replacement",
        "mean",
    ),
    "sampled_consistency": metric(
        "sampled_consistency:SampledConsistency",
        "consistency (sampled pairs)",
        "predictions steps",
        "higher",
        "pair of random offsets",
        "mean",
        applies=("pair",),
    ),
    "k_agreement": metric(
        "k_agreement:KAgreement", "agreement of 3 views", "predictions", "higher", "all triples of views", "mean"
    ),
    "worst_case_consistency": metric(
        "worst_case:WorstCaseConsistency",
        "same answer at every view",
        "predictions",
        "higher",
        FIXED_REFERENCE,
        "worst case",
    ),
    "flip_rate": metric(
        "flip_rate:FlipRate",
        "flip rate between adjacent frames",
        "predictions steps",
        "lower",
        ADJACENT,
        "mean",
        applies=("frame",),
        shift="natural video",
    ),
    "agreement_per_shift": metric(
        "agreement_per_shift:AgreementPerShift",
        "agreement with the reference at each view",
        "predictions reference",
        "higher",
        FIXED_REFERENCE,
        "per view",
    ),
    "flipping_share": metric(
        "smallest_flipping_shift:FlippingShare",
        "images that any view flips",
        "predictions reference",
        "lower",
        FIXED_REFERENCE,
        "worst case",
    ),
    "smallest_flipping_shift": metric(
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
    "tta_consistency": metric(
        "tta:TtaConsistency",
        "consistency after averaging views",
        "tta",
        "higher",
        "all pairs of groups",
        "mean",
    ),
    "tta_consistency_gain": metric(
        "tta:TtaConsistencyGain",
        "consistency gained by averaging views",
        "predictions tta",
        "higher",
        "single views",
        "difference of means",
        bounds=(-1.0, 1.0),
        interval=GAIN,
    ),
}
