"""From two sides to the evidence: every class measured and tested, in position and in scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biasscope.bias.compare.differences import mean_difference
from biasscope.bias.compare.energy import Units, energy_distance
from biasscope.bias.compare.evidence import Evidence, Look
from biasscope.bias.compare.looks import Sides, images_of, position_units, scale_units
from biasscope.bias.compare.permutation import permutation_test, stages
from biasscope.bias.testing import adjust
from biasscope.core.randomness import generator


@dataclass(frozen=True)
class Plan:
    """How classes are tested; the fields are the parameters of :func:`~biasscope.bias.compare.compare`."""

    permutations: int
    alpha: float
    correction: str
    minimum: int
    seed: int
    level: float


def gathered(sides: Sides, plan: Plan) -> Evidence:
    """Every distance and test: by class and pooled, in position and in scale, and shifts of the mean position."""
    classes, level = len(sides.labels), plan.level
    together = sides.together
    units, cell = position_units(sides)
    mine = {"position": units, "scale": scale_units(sides)}
    one = sides.alone
    alone = mine if one is sides else {"position": position_units(one)[0], "scale": scale_units(one)}
    looks = {what: look(mine[what], alone[what], classes, what, plan) for what in mine}
    pooled = {
        "position": energy_distance(position_units(together, pooled=True)[0], 1, level=level),
        "scale": energy_distance(scale_units(together, pooled=True), 1, level=level),
    }
    shifts = tuple(
        mean_difference(axis, sides.label, sides.image, sides.side, classes, level=level) for axis in sides.feasible()
    )
    return Evidence(sides, cell, images_of(units, classes), looks, pooled, shifts)


def look(units: Units, alone: Units, classes: int, what: str, plan: Plan) -> Look:
    """Distances and tests of every class in one respect; ``alone``: units of the pooled test, one an image.

    Classes are permuted apart, so an image of several would change sides in parts, and p would be far too small.
    """
    tested = np.flatnonzero(images_of(units, classes).min(1) >= plan.minimum)
    steps = stages(plan.permutations, len(tested), plan.alpha, plan.correction)
    made = permutation_test(units, tested.tolist(), steps, generator(plan.seed, "compare", what))
    p, used = np.full(classes, np.nan), np.zeros(classes, np.int64)
    p[: len(made.p)], used[: len(made.p)] = made.p, made.permutations
    pooled = made.pooled
    if alone is not units:
        shared = tested[images_of(alone, classes)[tested].min(1) > 0]
        rng = generator(plan.seed, "compare", what, "together")
        pooled = permutation_test(alone, shared.tolist(), steps[:1], rng).pooled
    distance = energy_distance(units, classes, level=plan.level)
    return Look(distance, p, adjust(p, plan.correction), used, pooled)
