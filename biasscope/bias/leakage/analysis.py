"""Geometry leakage: how well do position and size alone predict the class?"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl

from biasscope.bias.columns import Columns, columns_of, labels_of, sampled_note
from biasscope.bias.leakage import tables
from biasscope.bias.leakage.cells import backed_off, binned, quantile_cells
from biasscope.bias.leakage.clusters import image_folds
from biasscope.bias.leakage.discriminant import discriminant, spline_features
from biasscope.bias.leakage.score import Floats, Ints, Score, Split, mixture, mixture_gains
from biasscope.bias.testing import check_level
from biasscope.core.errors import UsageError
from biasscope.core.randomness import generator
from biasscope.core.results import Cell, Result

FOLDS = 5
MOST_BOXES, MOST_SCORES = 100_000, 100_000_000
LEAST_IMAGES = 50
LEVELS, COARSE = 32, 8
FEATURES = ("centre x", "centre y", "width", "height")


def leakage(
    boxes: pl.DataFrame | pl.LazyFrame,
    *,
    folds: int = FOLDS,
    most_boxes: int = MOST_BOXES,
    available: int | None = None,
    seed: int = 0,
    level: float = 0.95,
) -> Result:
    """Predict the class of each box from its relative centre, width and height alone.

    Cross-validated, with all boxes of an image in one fold. The model is linear discriminant analysis on cubic splines
    of the four numbers (scikit-learn), its probabilities mixed with class shares in cells of size and position, or of
    position alone where that tells more; the guess is the likeliest class of that mixture. On ten classes of ImageNet
    it is as accurate as boosted trees and forests, and it takes seconds at a thousand classes. The gain over chance is
    a lower bound on what a better model could reach.

    Parameters
    ----------
    boxes
        Frame with the columns of BOXES.
    folds
        Folds of the cross-validation.
    most_boxes
        Boxes to use (fewer beyond 1000 classes, so that boxes x classes stays below 10**8); of more, a seeded sample by
        image.
    available
        Boxes that the frame is a sample of, where it is one.
    seed
        Seed of everything random.
    level
        Level of the intervals.

    Returns
    -------
    Result
        Kind ``leakage``: accuracy against always naming the most frequent class, mutual information in bits (the
        held-out gain in log probability over the class shares, a lower bound), recall of each class, and what single
        features achieve.

    Raises
    ------
    UsageError
        For fewer than two folds, and a level outside (0, 1).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(0, 40, 400) + np.repeat([0, 40], 200)
    >>> frame = pl.DataFrame({"image_id": [str(i) for i in range(400)], "label": ["left"] * 200 + ["right"] * 200,
    ...     "x0": x, "y0": x / 2, "x1": x + 20, "y1": x / 2 + 20, "image_width": 100, "image_height": 100})
    >>> found = leakage(frame)
    >>> found.scalar("accuracy").value > 0.9, found.scalar("chance").value
    (True, 0.5)
    """
    if folds < 2:
        raise UsageError(f"folds = {folds} is out of range", hint="Two at least; five are usual.")
    check_level(level)
    labels = labels_of(boxes)
    limit = min(most_boxes, MOST_SCORES // max(len(labels), 1))
    used = columns_of(boxes, labels=labels, most=limit, seed=seed, available=available)
    parameters: dict[str, Cell] = {
        "model": "linear discriminant analysis on cubic splines of centre and log size, mixed with shares in cells",
        "folds": folds,
        "boxes": used.n,
        "boxes_available": used.available,
        "images": used.images,
        "left_out": used.left_out,
        "seed": seed,
        "level": level,
    }
    present = np.unique(used.label)
    if used.images < max(LEAST_IMAGES, folds) or len(present) < 2:
        return tables.not_tested(used, parameters, LEAST_IMAGES)
    label = np.searchsorted(present, used.label)
    splits = splits_of(label, used.image, folds, generator(seed, "leakage folds"))
    names = tuple(used.labels[at] for at in present)
    scores = score_features(used, label, len(present), splits)
    sampled = [sampled_note(used)] if used.sampled else []
    return tables.result(scores, label, used.image, names, parameters, sampled=sampled, level=level)


def features_of(boxes: Columns) -> Floats:
    """Relative centre, and logarithm of relative width and height, shape (N, 4)."""
    sides = np.stack([boxes.width, boxes.height], axis=1)
    centre = (boxes.corners[:, :2] + boxes.corners[:, 2:]) / 2 / sides
    return np.hstack([centre, np.log(np.stack(boxes.relative, axis=1))])


def splits_of(label: Ints, image: Ints, folds: int, rng: np.random.Generator) -> list[Split]:
    """One split a fold; a tenth of the training images is kept for tuning."""
    fold = image_folds(label, image, folds, rng)
    tuning = rng.random(int(image.max()) + 1)[image] < 0.1
    shuffled = rng.permutation(len(label))
    made = []
    for number in range(folds):
        outside, kept = fold != number, shuffled[(fold != number)[shuffled]]
        fit, tune = np.flatnonzero(outside & ~tuning), kept[tuning[kept]]
        made.append(Split(fit, tune if len(tune) else fit, np.flatnonzero(~outside)))
    return made


def score_features(boxes: Columns, label: Ints, classes: int, splits: list[Split]) -> dict[str, Score]:
    """Held-out scores of all features together (``all``), of each alone, and of position and of size."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

    values, rows = features_of(boxes), len(label)
    splines = spline_features(values)
    cells = {name: (quantile_cells(values[:, at], LEVELS), LEVELS) for at, name in enumerate(FEATURES)}
    position, size = (_pairs(values[:, columns], COARSE) for columns in ([0, 1], [2, 3]))
    cells |= {"position (x, y)": (position, COARSE**2), "size (width, height)": (size, COARSE**2)}
    rough = _pairs(values[:, [0, 1]], COARSE // 2)

    def together(split: Split) -> Score:
        smooth = discriminant(splines, label, classes, split)
        both = backed_off(size, rough, (COARSE**2, COARSE**2 // 4), label, classes, split)
        alone = binned(position, COARSE**2, label, classes, split)  # finer, for what x and y tell only together
        cells = max((both, alone), key=lambda cells: max(mixture_gains(smooth, cells)))
        return mixture(smooth, cells, split.test)

    with threadpool_limits(1):  # small products: more threads cost more than they save
        scores = {"all": _held_out(splits, rows, together)}
    for name, (cell, count) in cells.items():
        scores[name] = _held_out(splits, rows, partial(_alone, cell, count, label, classes))
    return scores


def _alone(cell: Ints, cells: int, label: Ints, classes: int, split: Split) -> Score:
    return binned(cell, cells, label, classes, split).test


def _pairs(values: Floats, levels: int) -> Ints:
    return quantile_cells(values[:, 0], levels) * levels + quantile_cells(values[:, 1], levels)


def _held_out(splits: list[Split], boxes: int, model: Callable[[Split], Score]) -> Score:
    guess, bits = np.empty(boxes, np.int64), np.empty(boxes)
    for split in splits:
        made = model(split)
        guess[split.test], bits[split.test] = made.guess, np.round(made.bits, 6)
    return Score(guess, bits)
