"""One model's sweep with its estimates: what tables, figures and sentences are made from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from biasscope.copies import CopiesNeeded, CopiesSweep
from biasscope.copies.interaction import Combined
from biasscope.copies.products import multiplies
from biasscope.core.errors import UsageError

MEASURES = {"consistency": "Consistency", "accuracy": "Accuracy", "worst_case": "Right in all versions"}
MAIN = "consistency"


@dataclass(frozen=True)
class Estimate:
    """Copies that one variant needs for one measure, in one region, with one training-set size."""

    label: str
    variant: str
    measure: str
    region: str
    train_images: int
    needed: CopiesNeeded


@dataclass(frozen=True)
class Study:
    """Sweep of one model.

    Attributes
    ----------
    model
        Its name.
    sweep
        What was found.
    target
        Value to reach, or ``antialias@1``.
    alone
        Whether it is the only model; labels are then the variants alone.
    seed, draws
        Of the bootstrap.
    """

    model: str
    sweep: CopiesSweep
    target: float | str
    alone: bool
    seed: int = 0
    draws: int = 400

    def label(self, variant: str) -> str:
        """Name of a variant in tables and figures."""
        return variant if self.alone else f"{self.model} {variant}"

    @property
    def sizes(self) -> list[int]:
        """Training-set sizes, the largest first."""
        return sorted({run.train_images for run in self.sweep.runs}, reverse=True)

    @cached_property
    def estimates(self) -> list[Estimate]:
        """Every variant, measure, region and training-set size, in this order of importance."""
        return [item for size in self.sizes for item in self._of_size(size)]

    def _of_size(self, size: int) -> Iterator[Estimate]:
        for region in self.regions:
            for measure in MEASURES:
                try:
                    found = self.sweep.needed(
                        self.target, measure=measure, region=region, train_images=size, seed=self.seed, draws=self.draws
                    )
                except UsageError:
                    if measure == MAIN and region == self.regions[0]:
                        raise
                    continue
                yield from (
                    Estimate(self.label(name), name, measure, region, size, item) for name, item in found.items()
                )

    @property
    def regions(self) -> Sequence[str]:
        """``inside`` the trained range, and ``outside`` where there are such versions."""
        return ("inside", "outside") if not self.sweep.inside.all() else ("inside",)

    @property
    def main(self) -> list[Estimate]:
        """Consistency inside the trained range with the largest training set, by variant."""
        first = self.sizes[0]
        return [
            one
            for one in self.estimates
            if (one.measure, one.region, one.train_images) == (MAIN, self.regions[0], first)
        ]

    @cached_property
    def combined(self) -> dict[str, Combined]:
        """Needs of two transformations, alone and together, by variant; empty where they cannot be told apart."""
        return self._apart[0]

    @property
    def undivided(self) -> str:
        """Why `combined` is empty."""
        return self._apart[1]

    @cached_property
    def _apart(self) -> tuple[dict[str, Combined], str]:
        if len(self.sweep.axes) != 2:
            return {}, f"there are {len(self.sweep.axes)} transformations, not two"
        try:
            return multiplies(self.sweep, self.target, draws=self.draws, seed=self.seed), ""
        except UsageError as error:
            return {}, error.what

    def shown(self, train_images: int) -> dict[int, float]:
        """Different versions of a training image that networks saw, by their number of copies."""
        pairs = zip(self.sweep.runs, self.sweep.shown.tolist(), strict=True)
        return {run.total: seen for run, seen in pairs if run.train_images == train_images}

    def argument(self, variant: str) -> int:
        """Copies that the subsampling argument asks for, s^2."""
        return self.sweep.subsampling[variant].copies
