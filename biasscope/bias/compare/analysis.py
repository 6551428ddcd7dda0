"""Two sides of boxes compared class by class: train and validation, or dataset A and B."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Literal

import numpy as np
import polars as pl

from biasscope.bias.compare.classifier import two_sample_classifier
from biasscope.bias.compare.gathered import Plan, gathered
from biasscope.bias.compare.looks import sides_of
from biasscope.bias.compare.pairs import corrected_over_pairs
from biasscope.bias.compare.result import result
from biasscope.bias.frames import NEEDED, checked, reading
from biasscope.bias.testing import check_alpha, check_level
from biasscope.core.errors import UsageError
from biasscope.core.results import Cell, Result

Frame = pl.DataFrame | pl.LazyFrame
MINIMUM = 5
MOST_BOXES = 200_000


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
    available: tuple[int, int] | None = None,
    seed: int = 0,
    level: float = 0.95,
) -> Result:
    """Whether two sides place and size their objects alike, for each class and pooled.

    Per class the energy distance of feasible coordinates (and, apart, of scale) is tested by permuting IMAGES between
    the sides within the class. Classes that look promising get more permutations, up to what a lone discovery needs.
    The pooled test permutes within the tested classes, else within all that both sides hold; where these hold fewer
    than ``minimum`` images on a side, as those of datasets without a class in common, all boxes are one class.

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
    available
        Boxes that each side is a sample of, where they are samples.
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
    InputError
        For two sides of which neither has a box with a label, and what is no frame with these columns.
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
    check_level(level)
    sides = sides_of(a, b, per_image=per_image, most=most_boxes, available=available, seed=seed)
    plan = Plan(permutations, alpha, correction, minimum, seed, level)
    found = gathered(sides, plan)
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


def splits(
    boxes: Frame, *, available: Mapping[str, int] | None = None, most: int | None = None, **options: object
) -> list[Result]:
    """Every split against the training split, as results of kind ``splits``; [] for fewer than two splits.

    The training split is the one named train or training, else the one with the most boxes. The pooled p-values of
    several pairs are corrected over the pairs.

    Parameters
    ----------
    boxes
        Frame with the columns of BOXES; boxes without a split are left out.
    available
        Boxes of each split that the frame is a sample of, where it is one.
    most
        Splits at most that are compared with the training split, those with the most boxes; all unless given.
    options
        As for :func:`compare`.

    Raises
    ------
    InputError
        For anything but a frame of polars with these columns.
    """
    boxes = checked(boxes, [*NEEDED, "split"])
    splits = boxes.lazy().select(pl.col("split").cast(pl.String)).drop_nulls().group_by("split").len()
    with reading():
        counts = splits.collect()
    held = {name: (available or {}).get(name, count) for name, count in counts.rows()}
    names = sorted(held, key=lambda name: (-held[name], name))
    names.sort(key=lambda name: name.lower() not in TRAINING)
    part = {name: boxes.lazy().filter(pl.col("split").cast(pl.String) == name) for name in names}
    made = [
        compare(
            part[names[0]],
            part[name],
            kind="splits",
            names=(_called(names[0]), _called(name)),
            available=None if available is None else (held[names[0]], held[name]),
            **options,  # type: ignore[arg-type]
        )
        for name in names[1 : None if most is None else most + 1]
    ]
    return corrected_over_pairs(made)


def _called(split: str) -> str:
    """Name of a split in sentences, where a number alone would not be taken for one."""
    return f"split {split}" if split.isdecimal() else split


def _check(permutations: int, alpha: float, minimum: int, groups: int) -> None:
    check_alpha(alpha)
    limits: Mapping[str, tuple[float, bool]] = {
        "permutations": (permutations, permutations >= 99),
        "minimum": (minimum, minimum >= 2),
        "groups": (groups, groups >= 2),
    }
    for name, (value, fine) in limits.items():
        if not fine:
            raise UsageError(f"{name} = {value} is out of range", hint="See biasscope.bias.compare.compare.")
