"""Measures of invariance: functions on tables of predictions, and torchmetrics classes.

Functions (lower case) take the tables of a whole sweep; classes take them block by block, add up over processes, and
give intervals. `METRICS` names all classes with their facts. Importing this costs torch, no more: torchmetrics is
imported when a class is first used.

Examples
--------
>>> import torch
>>> from biasscope.metrics import Consistency, consistency
>>> predictions = torch.tensor([[3, 7], [3, 8], [3, 7]])  # 3 views of 2 images
>>> round(consistency(predictions).item(), 4)
0.6667
>>> metric = Consistency()
>>> metric.update(predictions)
>>> low, high, n = metric.interval(level=0.95)
>>> bool(low < 2 / 3 < high), n.item()
(True, 2)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from biasscope.core.lazy import on_first_use
from biasscope.metrics import functional
from biasscope.metrics.functional import *  # noqa: F403  (all that it exports, so that a function is named once)
from biasscope.metrics.interval import ClusterInterval
from biasscope.metrics.registry import METRICS

if TYPE_CHECKING:
    from biasscope.metrics.classes.accuracy import Accuracy, AccuracyAtReference, AccuracyPerShift
    from biasscope.metrics.classes.agreement_per_shift import AgreementPerShift
    from biasscope.metrics.classes.consistency import Consistency, ConsistencyGivenCorrect, ConsistencyWithReplacement
    from biasscope.metrics.classes.fidelity import Fidelity
    from biasscope.metrics.classes.flip_rate import FlipRate
    from biasscope.metrics.classes.flips import RightToWrong, RightUnchanged, WrongToRight, WrongToWrong, WrongUnchanged
    from biasscope.metrics.classes.jaggedness import Jaggedness, JaggednessRate, JaggednessTop5, JaggednessTop5Rate
    from biasscope.metrics.classes.k_agreement import KAgreement
    from biasscope.metrics.classes.lie_derivative import LocalEquivarianceError
    from biasscope.metrics.classes.mean_absolute_change import MeanAbsoluteChange, MeanAbsoluteChangeFromReference
    from biasscope.metrics.classes.sampled_consistency import SampledConsistency
    from biasscope.metrics.classes.smallest_flipping_shift import FlippingShare, SmallestFlippingShift
    from biasscope.metrics.classes.top1_change import Top1Change, Top1ChangeFromReference
    from biasscope.metrics.classes.top5_drop import Top5Drop, Top5DropAnywhere
    from biasscope.metrics.classes.tta import TtaAccuracy, TtaAccuracyGain, TtaConsistency, TtaConsistencyGain
    from biasscope.metrics.classes.wobble import WobbleReference, WobbleTrue
    from biasscope.metrics.classes.worst_case import WorstCase, WorstCaseConsistency, WorstOfK

__all__ = [
    "METRICS",
    "ClusterInterval",
    "Accuracy",
    "AccuracyAtReference",
    "AccuracyPerShift",
    "AgreementPerShift",
    "Consistency",
    "ConsistencyGivenCorrect",
    "ConsistencyWithReplacement",
    "Fidelity",
    "FlipRate",
    "FlippingShare",
    "Jaggedness",
    "JaggednessRate",
    "JaggednessTop5",
    "JaggednessTop5Rate",
    "KAgreement",
    "LocalEquivarianceError",
    "MeanAbsoluteChange",
    "MeanAbsoluteChangeFromReference",
    "RightToWrong",
    "RightUnchanged",
    "SampledConsistency",
    "SmallestFlippingShift",
    "Top1Change",
    "Top1ChangeFromReference",
    "Top5Drop",
    "Top5DropAnywhere",
    "TtaAccuracy",
    "TtaAccuracyGain",
    "TtaConsistency",
    "TtaConsistencyGain",
    "WobbleReference",
    "WobbleTrue",
    "WorstCase",
    "WorstCaseConsistency",
    "WorstOfK",
    "WrongToRight",
    "WrongToWrong",
    "WrongUnchanged",
]
__all__ += functional.__all__


# The registry knows the module of every class, so a new metric is one line there.
_CLASSES = (entry.target.split(":") for entry in METRICS.values())
__getattr__ = on_first_use(__name__, {name: module for module, name in _CLASSES})


def __dir__() -> list[str]:
    return sorted(__all__)
