"""The whole question: bias before the augmentation, after it, and the difference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import polars as pl

from biasscope.bias import placement
from biasscope.bias.columns import Columns, columns_of, group_numbers
from biasscope.bias.jackknife import METHOD
from biasscope.bias.placement import Ints
from biasscope.bias.repair.laws import EVALUATION, TRAINING, Augmentation, evaluation_of, law_of
from biasscope.bias.repair.measured import Counted, Side
from biasscope.bias.repair.result import result
from biasscope.bias.repair.view import View
from biasscope.bias.testing import check_level
from biasscope.core.errors import UsageError
from biasscope.core.randomness import generator
from biasscope.core.results import Cell, Result

DRAWS, GROUPS = 4, 64


def repair(
    boxes: pl.DataFrame | pl.LazyFrame,
    *,
    augmentation: Augmentation | str | object = TRAINING,
    evaluation: Augmentation | str | object = EVALUATION,
    draws: int = DRAWS,
    groups: int = GROUPS,
    most_boxes: int | None = None,
    available: int | None = None,
    seed: int = 0,
    level: float = 0.95,
) -> Result:
    """Push boxes through the training augmentation and compare their position and scale before and after.

    Parameters
    ----------
    boxes
        Frame with the columns of BOXES.
    augmentation
        Training augmentation: a law (:mod:`biasscope.bias.repair.laws`, no torch), or any pipeline of
        ``torchvision.transforms.v2``, as text (``"RandomResizedCrop(224), RandomHorizontalFlip()"``) or as an object.
        Text that is a ``RandomResizedCrop`` alone is the law, so that all boxes can be used.
    evaluation
        Evaluation transform, in the same forms (a ``Resize`` and a ``CenterCrop`` alone are the law); only the size at
        which it shows objects is used.
    draws
        Random draws a box.
    groups
        Groups of images for the jackknife.
    most_boxes
        Boxes to use; more are sampled (seeded). By default what the augmentation can do in reasonable time.
    available
        Boxes that the frame is a sample of, where it is one.
    seed
        Seed of everything random.
    level
        Level of the intervals.

    Returns
    -------
    Result
        Kind ``repair``. ``effect_before`` and ``effect_after`` are about placement: feasible coordinates of the boxes
        that do not touch their frame, in the image and in the network's input. Both are 0 where objects
        are placed uniformly and crops lie inside the picture; a crop of a padded one leaves fewer objects near the
        frame. ``effect_change`` decides the finding.

    Raises
    ------
    UsageError
        For a pipeline that is not understood, or ``draws``, ``groups`` or ``level`` out of range.

    References
    ----------
    Touvron et al., *Fixing the train-test resolution discrepancy*, NeurIPS 2019 (apparent scale).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> corner = rng.uniform(40, 60, (400, 2))
    >>> frame = pl.DataFrame({"image_id": [f"{i}" for i in range(400)], "label": "a", "x0": corner[:, 0],
    ...     "y0": corner[:, 1], "x1": corner[:, 0] + 20, "y1": corner[:, 1] + 20,
    ...     "image_width": 120, "image_height": 120})
    >>> found = repair(frame)
    >>> found.scalar("effect_before").value > found.scalar("effect_after").value > 0
    True
    """
    if draws < 1 or groups < 2:
        raise UsageError(f"draws ({draws}) must be at least 1 and groups ({groups}) at least 2")
    check_level(level)
    training, testing = as_augmentation(augmentation), as_evaluation(evaluation)
    limit = min(training.most_boxes, testing.most_boxes) if most_boxes is None else most_boxes
    used = columns_of(boxes, most=limit, seed=seed, available=available)
    rng = generator(seed, "repair")
    group = group_numbers(used, groups, rng)
    chance = rng.random((4, used.n))
    position = placement.position_of(used.corners, used.width, used.height, used.sized, chance)
    before = Side(position, group, used.image, used.label)
    views = [training.view(used, rng) for _ in range(draws)]
    after = _after(views, used, group, chance)
    with _evaluating():
        reference = testing.view(used, rng)
    counted = Counted(
        labels=used.labels,
        label=used.label,
        groups=groups,
        image=used.image,
        images=used.images,
        visible=np.stack([view.visible for view in views]),
        ratio=np.stack([view.zoom for view in views]) / reference.zoom,
        sampled=used.sampled,
        drawn=used.drawn,
        unsized=used.unsized,
        notes=tuple(dict.fromkeys(note for view in (*views, reference) for note in view.notes)),
    )
    parameters: dict[str, Cell] = {
        "augmentation": training.text,
        "evaluation": testing.text,
        "draws": draws,
        "groups": groups,
        "seed": seed,
        "boxes": used.n,
        "boxes_available": used.available,
        "images": used.images,
        "left_out": used.left_out,
        "level": level,
        "interval": METHOD,
    }
    return result(before, after, counted, parameters, level=level)


def as_augmentation(given: object) -> Augmentation:
    """Laws as they are, and text that names one; other text and torchvision objects become pipelines, with torch.

    >>> as_augmentation("RandomResizedCrop(224)").most_boxes
    100000
    """
    if isinstance(given, Augmentation):
        return given
    law = law_of(given) if isinstance(given, str) else None
    if law is not None:
        return law
    from biasscope.bias.repair.torchvision_pipeline import pipeline

    return pipeline(given)


def as_evaluation(given: object) -> Augmentation:
    """The same for the transform of evaluation, of which the usual one is a law; errors are not the augmentation's.

    >>> as_evaluation("Resize(256), CenterCrop(224)").text
    'Compose([Resize(256), CenterCrop(224)])'
    """
    with _evaluating():
        law = evaluation_of(given) if isinstance(given, str) else None
        return as_augmentation(given) if law is None else law


@contextmanager
def _evaluating() -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        raise UsageError(error.what, where="--evaluation", hint=error.hint) from error


def _after(views: list[View], used: Columns, group: Ints, chance: placement.Floats) -> Side:
    """Position after each draw, with the random numbers before: what has not moved stays where it was."""
    kept = np.concatenate([~view.lost for view in views])
    corners = np.concatenate([view.corners for view in views])[kept]
    width, height = (np.concatenate([getattr(view, name) for view in views])[kept] for name in ("width", "height"))
    rows = np.tile(np.arange(used.n), len(views))[kept]
    position = placement.position_of(corners, width, height, used.sized[rows], chance[:, rows])
    return Side(position, group[rows], used.image[rows], used.label[rows])
