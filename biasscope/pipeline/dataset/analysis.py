"""Question 1, joined up: boxes -> statistics -> Report."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import msgspec
import polars as pl

from biasscope.bias.counting.counts import BoxCounts, count_boxes
from biasscope.bias.position import position
from biasscope.bias.repair import as_augmentation, as_evaluation, repair
from biasscope.bias.repair.laws import TRAINING, Augmentation
from biasscope.bias.scale import scale
from biasscope.boxes.source import check_paths
from biasscope.core.later import later
from biasscope.core.progress import Progress
from biasscope.core.provenance import inputs_of
from biasscope.core.results import Result
from biasscope.pipeline.common.origin import Origin
from biasscope.pipeline.dataset.answer import answer, headline
from biasscope.pipeline.dataset.names import sides_named, title_of
from biasscope.pipeline.dataset.tables import tables_of
from biasscope.pipeline.dataset.usable import SAMPLE_OF_A_STREAM, Available, Sample, Usable, integrity_of
from biasscope.pipeline.definition import DatasetAnalysis, defined
from biasscope.report.model import Report

STREAM_NOTE = (
    "Read as a stream: position and scale come from all boxes; splits, comparison, repair and leakage from a sample of "
    f"at most {SAMPLE_OF_A_STREAM:,} boxes."
)
REPAIRED = 30_000
"""Boxes that are pushed through an augmentation at most."""
QUESTION = "Where and how large are the objects of each class, and is that bias or chance?"


def analyze_dataset(
    *paths: str | os.PathLike[str],
    definition: DatasetAnalysis | None = None,
    progress: Progress | None = None,
    **options: object,
) -> Report:
    """Answer question 1 for a dataset, or for the embedded scenes when no path is given.

    Parameters
    ----------
    *paths
        Annotation files or folders.
    definition
        What to analyse and how, instead of paths and options.
    progress
        Shows what is going on; silent by default.
    **options
        Fields of :class:`~biasscope.pipeline.definition.DatasetAnalysis`, as ``box_convention="inclusive0"``; in
        ``augment`` and ``evaluation`` texts, transforms of torchvision, and laws of :mod:`biasscope.bias.repair`.

    Returns
    -------
    Report
        The answer; write it with :func:`biasscope.report.write.write`.

    Raises
    ------
    InputError
        The input cannot be read, does not conform to its format, or holds no usable box.
    UsageError
        An option is out of range or unknown.

    Examples
    --------
    >>> report = analyze_dataset(leakage=False)
    >>> report.answer[0]
    'This is bias, not chance, for 5 of 10 classes; most for “9”, “6” and “7”.'
    """
    check_paths(paths)
    given = {**({"paths": list(paths)} if paths else {}), **options}
    asked = definition or _defined(given)
    origin = Origin("dataset", asked)
    progress = progress or Progress()
    evaluation = as_evaluation(asked.evaluation)  # first: a wrong one costs no time
    augmentations = _augmentations(asked.augment)
    tables = tables_of(asked)
    inputs = later(partial(inputs_of, *(table.files for table in tables)))
    sides = [Usable(table, progress) for table in tables]
    results = list(_results(asked, (augmentations, evaluation), sides, progress))
    notes = _notes(asked, sides)
    return Report(
        kind="dataset",
        title=title_of(asked.paths),
        question=QUESTION,
        answer=answer(results, notes),
        headline=headline(results),
        results=results,
        provenance=origin.provenance(inputs.result()),
        notes=notes + ([STREAM_NOTE] if asked.stream else []),
    )


def _defined(options: Mapping[str, object]) -> DatasetAnalysis:
    """Definition from keywords; what a file could not say, a transform that is an object, is put in at the end."""
    augment = options.get("augment", [])
    given = augment if isinstance(augment, list | tuple) else [augment]
    several = [one if isinstance(one, str) else as_augmentation(one) for one in given]
    objects: dict[str, object] = {"augment": several}
    plain = {**options, "augment": [one for one in several if isinstance(one, str)]}
    if not isinstance(plain.get("evaluation", ""), str):
        objects["evaluation"] = as_evaluation(plain.pop("evaluation"))
    return msgspec.structs.replace(defined(DatasetAnalysis, plain), **objects)


def _augmentations(given: Sequence[object]) -> list[Augmentation]:
    """The usual training augmentation and those that were given, each once however often it is written."""
    found: dict[str | int, Augmentation] = {TRAINING.text: TRAINING}
    for one in given:
        made = as_augmentation(one)
        found.setdefault(made.text if isinstance(one, str) else id(one), made)
    return list(found.values())


def _notes(asked: DatasetAnalysis, sides: list[Usable]) -> list[str]:
    """What must be known before the numbers: doubts about the box convention first, then what readers assumed."""
    doubts, notes = list[str](), list[str]()
    for place, side in enumerate(sides):
        name = f"{sides_named(asked.paths, str(asked.compare))[1]}: " if place else ""
        doubt = side.inspector.doubt(side.table)
        doubts += [f"{name}{doubt}"] if doubt else []
        notes += [f"{name}{note}" for note in side.notes()]
    return doubts + notes


def _results(
    asked: DatasetAnalysis,
    views: tuple[list[Augmentation], Augmentation],
    sides: list[Usable],
    progress: Progress,
) -> Iterator[Result]:
    augmentations, evaluation = views
    counts, frame, available = _counted(asked, sides[0])
    integrity = [integrity_of(sides[0], frame, asked.paths)]
    with progress.step("Testing position and scale"):
        for test in (position, partial(scale, reference=asked.scale_reference)):
            yield test(counts, **asked.tests())
    sides[0].splits = frame["split"].drop_nulls().n_unique()
    with progress.step("Comparing splits and datasets"):
        if len(sides) > 1 or frame["split"].n_unique() > 1:
            from biasscope.pipeline.dataset.pairs import pairs

            yield from pairs(asked, frame, available, sides[1:], integrity)
    with progress.step("Pushing boxes through the augmentation"):
        push = partial(repair, frame, evaluation=evaluation, available=available.boxes, seed=asked.seed)
        for augmentation in augmentations:
            most = min(REPAIRED, augmentation.most_boxes)
            yield push(augmentation=augmentation, most_boxes=most)
    if asked.leakage:
        with progress.step("Predicting the class from geometry"):
            from biasscope.bias.leakage import leakage

            yield leakage(frame, available=available.boxes, seed=asked.seed)
    yield from integrity


def _counted(asked: DatasetAnalysis, usable: Usable) -> tuple[BoxCounts, pl.DataFrame, Available]:
    """Counts of all usable boxes, the boxes themselves (a sample of them when streaming), and how many there are."""
    if not asked.stream:
        frame = usable.frame()
        return count_boxes(frame, per_image=asked.per_image, seed=asked.seed), frame, Available(frame.height)
    sample = Sample(asked.seed, SAMPLE_OF_A_STREAM)
    counts = count_boxes(sample.watch(usable.batches()), per_image=asked.per_image, seed=asked.seed)
    return counts, sample.frame(), sample.met
