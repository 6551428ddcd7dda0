"""The head numbers of the first screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from biasscope.core.results import Scalar
from biasscope.pipeline.invariance.differences import differences
from biasscope.pipeline.invariance.measurement import Measurement
from biasscope.pipeline.invariance.words import Measured, main_protocol

FEWEST, MOST_NUMBERS = 3, 5
ALIKE = ("consistency", "sampled_consistency")
"""How alike shifts are answered; of pairs that are drawn there is the second alone."""
WITHOUT_LABELS = ("top1_change", "worst_case_consistency", "mean_absolute_change")
"""Metrics that stand in where accuracy is not known."""


def headline(measured: Measured, all_scalars: Mapping[str, Sequence[Scalar]]) -> list[Scalar]:
    """Three to five head numbers, copies of scalars of the results; drawn pairs alone have two at most.

    Parameters
    ----------
    measured
        Protocol -> measurements.
    all_scalars
        Protocol -> the scalars of its result.
    """
    main = main_protocol(measured)
    chosen = list(_of_shifts(measured[main], all_scalars[main])) if main is not None else []
    others = [name for name in measured if name != main]
    each = 1 if len(others) > 2 else 3
    for protocol in others:
        if len(chosen) < FEWEST:
            chosen += _first(all_scalars[protocol], ("flip_rate", *ALIKE, "accuracy", *WITHOUT_LABELS))[:each]
    return chosen[:MOST_NUMBERS]


def _of_shifts(items: Sequence[Measurement], found: Sequence[Scalar]) -> Iterator[Scalar]:
    by_name = {item.name: item for item in found}
    first = items[0].label
    variants = [one for one in differences(items) if one.measure == "consistency" and one.against == first]
    best = max(variants, key=lambda one: one.value, default=None)
    names = [f"{name}@{first}" for name in (*ALIKE, "accuracy", "worst_case", *WITHOUT_LABELS)]
    if best is not None:
        names[2:2] = [f"consistency_difference@{best.model}", f"accuracy_difference@{best.model}"]
    yield from (by_name[name] for name in names if name in by_name)


def _first(found: Sequence[Scalar], metrics: Sequence[str]) -> list[Scalar]:
    """One number of each metric: that of the first model."""
    named = [[item for item in found if item.name.partition("@")[0] == name][:1] for name in metrics]
    return [item for items in named for item in items]
