"""Forms of one network against its baseline at the last spatial layer, image by image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from biasscope.core.results import Scalar, Table, interval, table
from biasscope.pipeline.common.forms import BASELINE
from biasscope.pipeline.layers.jumps import mean_interval
from biasscope.pipeline.layers.measurement import Measurement, Real

METHOD = "paired over images, t"


@dataclass(frozen=True)
class Difference:
    """Form less baseline, at the last spatial layer of each that is compared, on the images that both have."""

    model: str
    against: str
    measure: str
    title: str
    value: float
    low: float | None
    high: float | None
    n: int
    place: str = "its last spatial layer"

    @property
    def by_chance(self) -> bool:
        """Whether the interval holds zero, or there is none."""
        return self.low is None or self.high is None or self.low <= 0 <= self.high

    def scalar(self) -> Scalar:
        """As a number of the report."""
        return Scalar(
            f"{self.measure}_difference@{self.model}",
            self.value,
            f"{self.title[:1].upper()}{self.title[1:]} at {self.place}, {self.model} less {self.against}",
            interval(self.low, self.high, method=METHOD),
            self.n,
            better="lower",
            description="Negative: less than the baseline on the same images.",
        )


def differences(items: Sequence[Measurement]) -> list[Difference]:
    """Every form against the baseline of its family, for each measure with values of single images."""
    base = {item.subject.family: item for item in items if item.subject.variant == BASELINE}
    found = []
    for item in items:
        against = base.get(item.subject.family)
        if against is None or item.subject.variant == BASELINE:
            continue
        for measure in item.trace.by_image:
            made = _difference(item, against, measure)
            found += [made] if made is not None else []
    return found


def _difference(item: Measurement, base: Measurement, measure: str) -> Difference | None:
    here, there = (_named(one, measure) for one in (item, base))
    shared = [name for name in here if name in there]
    value, low, high, n = mean_interval(np.array([here[name] - there[name] for name in shared]))
    if value is None:
        return None
    title = item.last.measures[measure].title if measure in item.last.measures else measure
    return Difference(item.label, base.label, measure, title, value, low, high, n, item.place)


def _named(item: Measurement, measure: str) -> dict[str, Real]:
    return dict(zip(item.trace.image_ids, item.by_image(measure, item.last), strict=True))


def difference_table(found: Sequence[Difference]) -> Table:
    """One row a form and measure."""
    names = ("model", "against", "measure", "title", "value", "low", "high", "n")
    columns: dict[str, list[object]] = {name: [getattr(item, name) for item in found] for name in names}
    return table("differences", columns, title="Forms less their baselines, on the same images", row="model")
