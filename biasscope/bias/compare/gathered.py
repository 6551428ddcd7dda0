"""From two sides to the evidence: every class measured and tested, in position and in scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biasscope.bias.compare.differences import mean_difference
from biasscope.bias.compare.energy import Ints, Units, energy_distance
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
    whole = {"position": position_units(together, pooled=True)[0], "scale": scale_units(together, pooled=True)}
    looks = {what: look(mine[what], (alone[what], whole[what]), classes, what, plan) for what in mine}
    pooled = {what: energy_distance(units, 1, level=level) for what, units in whole.items()}
    shifts = tuple(
        mean_difference(axis, sides.label, sides.image, sides.side, classes, level=level) for axis in sides.feasible()
    )
    return Evidence(sides, cell, images_of(units, classes), looks, pooled, shifts)


def look(units: Units, together: tuple[Units, Units], classes: int, what: str, plan: Plan) -> Look:
    """Distances and tests of every class in one respect.

    ``together`` are units of the pooled test: one class an image, and all boxes of an image as one class. Classes are
    permuted apart, so an image of several would change sides in parts, and p would be far too small.
    """
    tested = np.flatnonzero(images_of(units, classes).min(1) >= plan.minimum)
    steps = stages(plan.permutations, len(tested), plan.alpha, plan.correction)
    made = permutation_test(units, tested.tolist(), steps, generator(plan.seed, "compare", what))
    p, used = np.full(classes, np.nan), np.zeros(classes, np.int64)
    p[: len(made.p)], used[: len(made.p)] = made.p, made.permutations
    pooled, within = made.pooled, len(tested)
    if together[0] is not units or not within:
        within, chosen = _strata(*together, classes, tested, plan.minimum)
        rng = generator(plan.seed, "compare", what, "together")
        pooled = permutation_test(together[0 if within else 1], chosen.tolist(), steps[:1], rng).pooled
    distance = energy_distance(units, classes, level=plan.level)
    return Look(distance, p, adjust(p, plan.correction), used, pooled, within)


def _strata(alone: Units, whole: Units, classes: int, tested: Ints, minimum: int) -> tuple[int, Ints]:
    """Within how many classes the pooled test permutes, and which: the tested ones, else all that both sides hold.

    Where these hold too few images, all boxes are one class, the first of ``whole``; none where even that is too small.
    """
    images = images_of(alone, classes)
    for some in (tested, np.arange(classes)):
        held = some[images[some].min(1) > 0]
        if images[held].sum(0).min() >= minimum:
            return len(held), held
    return 0, np.flatnonzero(images_of(whole, 1).min(1) >= minimum)
