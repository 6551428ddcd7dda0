"""A variant against its baseline on the same pictures: paired differences with an interval over pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from biasscope.core.results import Scalar, Table, interval, table
from biasscope.pipeline.common.forms import BASELINE
from biasscope.pipeline.invariance.measurement import Measurement, Real, Z

MEASURES = {"consistency": "Consistency", "accuracy": "Accuracy over the shifts"}
METHOD = "paired over pictures (Agresti & Min 2005)"


@dataclass(frozen=True)
class Difference:
    """Variant less baseline.

    Attributes
    ----------
    model, against
        Labels of the variant and of the baseline.
    measure, title
        What differs.
    value, low, high, n
        Mean difference of ``n`` pictures that both have answered, and its 95 % interval.
    floor
        Share of answers that change without any shift: a smaller difference says nothing.
    """

    model: str
    against: str
    measure: str
    title: str
    value: float
    low: float
    high: float
    n: int
    floor: float

    @property
    def by_chance(self) -> bool:
        """Whether the interval holds zero."""
        return self.low <= 0 <= self.high

    @property
    def verdict(self) -> str:
        """In words, for tables and sentences."""
        if self.by_chance:
            return "not told from chance"
        return "not above the numerical floor" if abs(self.value) <= self.floor else "larger than chance"

    def scalar(self) -> Scalar:
        """The difference as a number of the report."""
        return Scalar(
            f"{self.measure}_difference@{self.model}",
            self.value,
            f"{self.title}, {self.model} less {self.against}",
            interval(self.low, self.high, method=METHOD),
            self.n,
            "share",
            "higher",
            f"Positive: more than {self.against} on the same pictures. {self.verdict.capitalize()}.",
        )


def consistency_by_picture(answers: NDArray[np.int64]) -> Real:
    """Share of pairs of different views with the same answer, for each picture; (S, N) -> (N,), NaN for one view.

    From the class counts n_c of a picture: (sum n_c^2 - S) / (S (S - 1)), which is the mean over all pairs.

    Examples
    --------
    >>> consistency_by_picture(np.array([[1, 1], [1, 2], [2, 3]])).round(3).tolist()
    [0.333, 0.0]
    """
    views = len(answers)
    if views < 2:
        return np.full(answers.shape[1], np.nan)
    ordered = np.sort(answers, axis=0)
    squares = np.zeros(answers.shape[1])
    run = np.ones(answers.shape[1])
    for before, here in pairwise(ordered):
        same = before == here
        squares += np.where(same, 0, run**2)
        run = np.where(same, run + 1, 1)
    return np.asarray((squares + run**2 - views) / (views * (views - 1)))


def all_pairs(item: Measurement) -> Real:
    """Consistency of every picture over all pairs of views."""
    return consistency_by_picture(item.answers)


def drawn_pairs(item: Measurement) -> Real:
    """Share of the pairs that were drawn (a view and its predecessor) with the same answer, for each picture."""
    steps = np.asarray(item.sweep.steps.numpy())
    row, view = np.nonzero(steps >= 0)
    return np.asarray((item.answers[view] == item.answers[steps[row, view]]).mean(0))


def accuracy_by_picture(item: Measurement) -> Real:
    """Share of views that are answered rightly, for each picture, NaN without a true class."""
    share = (item.answers == item.truth).mean(0)
    return np.where(item.truth >= 0, share, np.nan)


def paired(differences: Real) -> tuple[float, float, float, int]:
    """Mean of paired differences in [-1, 1], its 95 % interval, and their number.

    Two pseudo-pictures, which differ by half a unit either way in all, keep the interval from closing where all
    pictures agree (Agresti & Min, "Simple improved confidence intervals for comparing matched proportions", Statistics
    in Medicine 2005; for shares of views instead of single answers it is the wider for it).

    Examples
    --------
    >>> low, high = paired(np.zeros(98))[1:3]
    >>> low == -high, round(high, 4)
    (True, 0.0196)
    """
    values = differences[np.isfinite(differences)]
    n = len(values)
    if n == 0:
        return np.nan, np.nan, np.nan, 0
    middle = values.sum() / (n + 2)
    spread = (np.square(values).sum() + 1) / (n + 2) - middle**2
    half = Z * sqrt(spread / (n + 2))
    return float(values.mean()), float(max(middle - half, -1)), float(min(middle + half, 1)), n


def differences(items: Sequence[Measurement]) -> list[Difference]:
    """Every variant against the baseline of its family; models without one are left out."""
    base = {item.subject.family: item for item in items if item.subject.variant == BASELINE}
    variants = [item for item in items if item.subject.variant != BASELINE and item.subject.family in base]
    return [found for item in variants for found in _of(item, base[item.subject.family])]


def _of(item: Measurement, base: Measurement) -> Iterator[Difference]:
    shared = sorted(set(item.sweep.image_ids) & set(base.sweep.image_ids))
    by_picture: dict[str, Callable[[Measurement], Real]] = {
        "consistency": lambda one: drawn_pairs(one) if "pair" in one.sweep.coordinates else all_pairs(one),
        "accuracy": accuracy_by_picture,
    }
    noise = max(floor(one) for one in (item, base))
    for measure, function in by_picture.items():
        here, there = (dict(zip(one.sweep.image_ids, function(one), strict=True)) for one in (item, base))
        value, low, high, n = paired(np.array([here[name] - there[name] for name in shared]))
        if n:
            yield Difference(item.label, base.label, measure, MEASURES[measure], value, low, high, n, noise)


def floor(item: Measurement) -> float:
    """Share of answers that another batch layout changes."""
    found = item.sweep.floors.get("batch layout")
    return float(found.changed) if found is not None else 0.0


def difference_table(found: Sequence[Difference]) -> Table:
    """One row a variant and measure."""
    return table(
        "differences",
        {
            "model": [item.model for item in found],
            "against": [item.against for item in found],
            "measure": [item.measure for item in found],
            "title": [item.title for item in found],
            "difference": [item.value for item in found],
            "difference_low": [item.low for item in found],
            "difference_high": [item.high for item in found],
            "n": [item.n for item in found],
            "floor": [item.floor for item in found],
            "verdict": [item.verdict for item in found],
        },
        title="Variants less their baselines, on the same pictures",
        row="model",
    )
