"""Measures of invariance as pure functions: tables of a sweep in, a number out. Needs torch only."""

from biasscope.metrics.functional.accuracy import accuracy, accuracy_at_reference, accuracy_per_shift
from biasscope.metrics.functional.agreement_per_shift import agreement_per_shift
from biasscope.metrics.functional.consistency import consistency, consistency_given_correct
from biasscope.metrics.functional.fidelity import fidelity
from biasscope.metrics.functional.flip_rate import flip_rate
from biasscope.metrics.functional.flips import (
    right_to_wrong,
    right_unchanged,
    wrong_to_right,
    wrong_to_wrong,
    wrong_unchanged,
)
from biasscope.metrics.functional.generators import tangent
from biasscope.metrics.functional.jaggedness import jaggedness, jaggedness_top5
from biasscope.metrics.functional.k_agreement import k_agreement
from biasscope.metrics.functional.lie_derivative import equivariance_errors, lie_derivative, local_equivariance_error
from biasscope.metrics.functional.mean_absolute_change import mean_absolute_change, mean_absolute_change_from_reference
from biasscope.metrics.functional.sampled_consistency import sampled_consistency
from biasscope.metrics.functional.smallest_flipping_shift import (
    flipping_share,
    flipping_shifts,
    smallest_flipping_shift,
)
from biasscope.metrics.functional.top1_change import top1_change
from biasscope.metrics.functional.top5_drop import top5_drop, top5_drop_anywhere
from biasscope.metrics.functional.tta import tta_accuracy, tta_accuracy_gain, tta_consistency, tta_consistency_gain
from biasscope.metrics.functional.wobble import wobble
from biasscope.metrics.functional.worst_case import worst_case, worst_case_consistency, worst_of_k

__all__ = [
    "accuracy",
    "accuracy_at_reference",
    "accuracy_per_shift",
    "agreement_per_shift",
    "consistency",
    "consistency_given_correct",
    "equivariance_errors",
    "fidelity",
    "flip_rate",
    "flipping_share",
    "flipping_shifts",
    "jaggedness",
    "jaggedness_top5",
    "k_agreement",
    "lie_derivative",
    "local_equivariance_error",
    "mean_absolute_change",
    "mean_absolute_change_from_reference",
    "right_to_wrong",
    "right_unchanged",
    "sampled_consistency",
    "smallest_flipping_shift",
    "tangent",
    "top1_change",
    "top5_drop",
    "top5_drop_anywhere",
    "tta_accuracy",
    "tta_accuracy_gain",
    "tta_consistency",
    "tta_consistency_gain",
    "wobble",
    "worst_case",
    "worst_case_consistency",
    "worst_of_k",
    "wrong_to_right",
    "wrong_to_wrong",
    "wrong_unchanged",
]
