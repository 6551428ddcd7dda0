"""Two sides of boxes compared class by class: train and validation, or dataset A and B."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import polars as pl

from biasscope.bias.compare.classifier import two_sample_classifier
from biasscope.bias.compare.differences import mean_difference
from biasscope.bias.compare.energy import Units, energy_distance
from biasscope.bias.compare.evidence import Evidence, Look
from biasscope.bias.compare.looks import Sides, images_of, position_units, scale_units, sides_of
from biasscope.bias.compare.permutation import permutation_test, stages
from biasscope.bias.compare.result import result
from biasscope.bias.testing import adjust
from biasscope.core.errors import UsageError
from biasscope.core.randomness import generator
from biasscope.core.results import Cell, Result

Frame = pl.DataFrame | pl.LazyFrame
MINIMUM = 5
MOST_BOXES = 200_000


@dataclass(frozen=True)
class Plan:
    """How classes are tested; the fields are the parameters of :func:`compare`."""

    permutations: int
    alpha: float
    correction: str
    minimum: int
    seed: int
    level: float


def compare(
    a: Frame,
    b: Frame,
    *,
    kind: Literal["splits", "comparison"] = "comparison",
    names: tuple[str, str] = ("A", "B"),
    permutations: int = 999,
    alpha: float = 0.05,
    correction: str = "bh",
    minimum: int = MINIMUM,
    per_image: Literal["all", "one"] = "all",
    classifier: bool = False,
    groups: int = 64,
    most_boxes: int = MOST_BOXES,
    seed: int = 0,
    level: float = 0.95,
) -> Result:
    """Whether two sides place and size their objects alike, for each class and pooled.

    Per class the energy distance of feasible coordinates (and, apart, of scale) is tested by permuting IMAGES between
    the sides within the class. Classes that look promising get more permutations, up to what a lone discovery needs.

    Parameters
    ----------
    a, b
        Frames with the columns of BOXES. Images of a and b are different images, even where their ids agree.
    kind
        Kind of the result: ``splits`` of one dataset, or a ``comparison`` of two.
    names
        What to call the sides.
    permutations
        Permutations of every class, and of the pooled difference.
    alpha
        Level of the tests after correction.
    correction
        ``bh``, ``by``, ``holm`` or ``none``, over all tested classes; position and scale are a family each.
    minimum
        Images a class needs on each side; others are "not tested" and left out of the family.
    per_image
        ``all`` boxes, or ``one`` of a class an image, chosen at random; where all classes are looked at together, one
        an image.
    classifier
        Also run the classifier two-sample test (scikit-learn).
    groups
        Groups of images for the jackknife of pooled measures.
    most_boxes
        Boxes to use of each side; of more, a seeded sample by image.
    seed
        Seed of everything random.
    level
        Level of the intervals.

    Returns
    -------
    Result
        Table ``classes`` holds every class of either side; those missing on one side are "not tested".

    Raises
    ------
    UsageError
        For settings out of range.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> def boxes(top):
    ...     x, y = rng.uniform(0, 80, 60), rng.uniform(0, top, 60)
    ...     return pl.DataFrame({"image_id": [str(i) for i in range(60)], "label": "cat", "x0": x, "y0": y,
    ...         "x1": x + 20, "y1": y + 20, "image_width": 100, "image_height": 100})
    >>> compare(boxes(80), boxes(40)).table("classes")["verdict"]
    ['different']
    """
    _check(permutations, alpha, minimum, groups)
    sides = sides_of(a, b, per_image=per_image, most=most_boxes, seed=seed)
    plan = Plan(permutations, alpha, correction, minimum, seed, level)
    found = evidence(sides, plan)
    parameters: dict[str, Cell] = {
        "a": names[0],
        "b": names[1],
        **asdict(plan),
        "per_image": per_image,
        "groups": groups,
        "family": int(np.isfinite(found.looks["position"].p).sum()),
        "most_permutations": int(found.looks["position"].permutations.max(initial=0)),
        "bins": 8,
        "boxes_a": sides.columns[0].n,
        "boxes_b": sides.columns[1].n,
        "boxes_available": sum(side.available for side in sides.columns),
        "left_out_a": sides.columns[0].left_out,
        "left_out_b": sides.columns[1].left_out,
    }
    accuracy = two_sample_classifier(sides.together, seed=seed, level=level) if classifier else None
    return result(kind, found, parameters, accuracy)


TRAINING = frozenset({"train", "training"})


def splits(boxes: Frame, **options: object) -> list[Result]:
    """Every split against the training split, as results of kind ``splits``; [] for fewer than two splits.

    The training split is the one named train or training, else the one with the most boxes.

    Parameters
    ----------
    boxes
        Frame with the columns of BOXES; boxes without a split are left out.
    options
        As for :func:`compare`.
    """
    counts = boxes.lazy().select(pl.col("split").cast(pl.String)).drop_nulls().group_by("split").len().collect()
    names = counts.sort(["len", "split"], descending=[True, False])["split"].to_list()
    names.sort(key=lambda name: name.lower() not in TRAINING)
    part = {name: boxes.lazy().filter(pl.col("split").cast(pl.String) == name) for name in names}
    return [
        compare(part[names[0]], part[name], kind="splits", names=(names[0], name), **options)  # type: ignore[arg-type]
        for name in names[1:]
    ]


def evidence(sides: Sides, plan: Plan) -> Evidence:
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


def _check(permutations: int, alpha: float, minimum: int, groups: int) -> None:
    limits: Mapping[str, tuple[float, bool]] = {
        "permutations": (permutations, permutations >= 99),
        "alpha": (alpha, 0 < alpha < 1),
        "minimum": (minimum, minimum >= 2),
        "groups": (groups, groups >= 2),
    }
    for name, (value, fine) in limits.items():
        if not fine:
            raise UsageError(f"{name} = {value} is out of range", hint="See biasscope.bias.compare.compare.")
