"""Accuracy inside and outside of the range of positions that a small network has been shown: the knee."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from biasscope.copies import CopiesSweep, augmentation_sweep
from biasscope.core.progress import Progress
from biasscope.core.results import Scalar, Table, interval, number
from biasscope.pipeline.augmentation import places
from biasscope.pipeline.augmentation.study import Study
from biasscope.pipeline.common.numbers import percent

NET, IMAGES, SIDE = "small:8", "centred:1000@32", 32
"""Network that is trained, and its pictures: digits in the middle, so that only crops show them elsewhere."""
SEEDS, STEPS, BEYOND, WIDEST = 2, 200, 8, 8
"""Networks, their gradient steps, pixels beyond the trained range that are asked, and the widest range."""


@dataclass(frozen=True)
class Knee:
    """Networks trained on crops with a padding, asked at every shift up to `BEYOND` pixels further.

    Attributes
    ----------
    padding
        Shifts of up to so many pixels were trained, along both axes.
    sweep
        Their answers.
    """

    padding: int
    sweep: CopiesSweep

    @property
    def table(self) -> Table:
        """Accuracy by distance, as the question of augmentation tells it."""
        return places.knee([Study(NET, self.sweep, 0.95, alone=True)])

    @property
    def accuracies(self) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
        """Mean over shifts inside, and over those outside, each with its 95 % interval over pictures."""
        right = (self.sweep.predictions == self.sweep.targets).double().mean(0).numpy()
        inside = np.asarray(self.sweep.inside, bool)
        return _mean(right[inside].mean(0)), _mean(right[~inside].mean(0))

    @property
    def finding(self) -> str:
        """What became of the accuracy, in one sentence."""
        inside, outside = self.accuracies
        return (
            f"A small network that was shown digits up to {self.padding} pixels from the middle is right in "
            f"{percent(inside[0])} of the pictures inside this range, and in {percent(outside[0])} up to {BEYOND} "
            "pixels beyond."
        )

    def scalars(self) -> Iterator[Scalar]:
        """Both accuracies."""
        count = len(self.sweep.targets)
        for name, (value, low, high) in zip(("inside", "outside"), self.accuracies, strict=True):
            told = interval(number(low), number(high), method="normal over pictures")
            yield Scalar(f"accuracy_{name}", value, f"Right {name} the trained range", told, count, "share", "higher")


def knee(padding: int, seed: int, progress: Progress) -> Knee | None:
    """Train and ask; ``None`` where the padding leaves no range inside or none outside.

    The embedded network is `NET` on `IMAGES`; shifts are circular, and those asked lie along one axis.
    """
    if not 1 <= padding <= WIDEST:
        return None
    side, asked = 2 * padding + 1, 2 * min(padding + BEYOND, SIDE // 2 - 1) + 1
    with progress.step("Position: a small network inside and outside of its range"):
        sweep = augmentation_sweep(
            NET, IMAGES, copies=[side**2], variants=["plain"], shifts=f"{side}x{side}", test_shifts=f"1x{asked}",
            seeds=SEEDS, steps=STEPS, seed=seed, device="cpu",
        )  # fmt: skip
    return Knee(padding, sweep)


def _mean(by_picture: np.ndarray) -> tuple[float, float, float]:
    value = float(by_picture.mean())
    half = 1.96 * float(by_picture.std(ddof=1)) / len(by_picture) ** 0.5
    return value, max(value - half, 0.0), min(value + half, 1.0)
