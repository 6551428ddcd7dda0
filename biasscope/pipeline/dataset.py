"""Question 1, joined up: boxes -> statistics -> Report."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from biasscope.bias.compare import compare, splits
from biasscope.bias.counts import BoxCounts, count_boxes
from biasscope.bias.leakage import leakage
from biasscope.bias.position import position
from biasscope.bias.repair import repair
from biasscope.bias.scale import scale
from biasscope.boxes import read_boxes
from biasscope.boxes.schema import BoxTable
from biasscope.core import provenance
from biasscope.core.errors import InputError
from biasscope.core.progress import Progress
from biasscope.core.results import Result
from biasscope.pipeline.dataset_answer import answer, headline
from biasscope.pipeline.definition import DatasetAnalysis, command_line, defined
from biasscope.pipeline.embedded import embedded_boxes
from biasscope.pipeline.usable import SAMPLE_OF_A_STREAM, Sample, Usable
from biasscope.report.model import Report

QUESTION = "Where and how large are the objects of each class, and is that bias or chance?"


def analyze_dataset(
    definition: DatasetAnalysis | None = None, *, progress: Progress | None = None, **options: object
) -> Report:
    """Answer question 1 for a dataset, or for the embedded scenes when no path is given.

    Parameters
    ----------
    definition
        What to analyse and how; or give its fields as keywords.
    progress
        Shows what is going on; silent by default.
    **options
        Fields of :class:`~biasscope.pipeline.definition.DatasetAnalysis`, as ``paths=["boxes.json"]``.

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
    >>> report.result("position").scalar("tested").value
    10.0
    """
    asked = definition or defined(DatasetAnalysis, options)
    started, clock = provenance.now(), time.perf_counter()
    progress = progress or Progress()
    table = _table(asked, asked.paths, asked.format_in)
    results = list(_results(asked, Usable(table, progress), progress))
    return Report(
        kind="dataset",
        title=_title(asked.paths),
        question=QUESTION,
        answer=answer(results, table.notes),
        headline=headline(results),
        results=results,
        provenance=_provenance(asked, table, started, time.perf_counter() - clock),
        notes=list(table.notes),
    )


def _table(asked: DatasetAnalysis, paths: list[str], format_in: str) -> BoxTable:
    if not paths:
        return embedded_boxes(asked.seed)
    return read_boxes(
        *paths,
        format=format_in,
        images=asked.images,
        sizes=asked.sizes,
        split_column=asked.split_column,
        columns=asked.columns,
        box_convention=asked.box_convention,
        cache=asked.cache,
        stream=asked.stream,
    )


def _results(asked: DatasetAnalysis, usable: Usable, progress: Progress) -> Iterator[Result]:
    counts, frame = _counted(asked, usable)
    integrity = usable.inspector.result(usable.table)
    if not frame.height:
        raise InputError("no usable box", where=", ".join(asked.paths), hint=integrity.finding)
    with progress.step("Testing position and scale"):
        yield position(counts, alpha=asked.alpha, correction=asked.correction, minimum=asked.minimum, seed=asked.seed)
        yield scale(counts, reference=asked.scale_reference, alpha=asked.alpha, correction=asked.correction)
    with progress.step("Comparing splits and datasets"):
        yield from _pairs(asked, frame, progress)
    with progress.step("Pushing boxes through the augmentation"):
        sample = Sample(asked.seed).of(frame)
        yield repair(sample, seed=asked.seed)
        for text in asked.augment:
            yield repair(sample, augmentation=text, seed=asked.seed)
    if asked.leakage:
        with progress.step("Predicting the class from geometry"):
            yield leakage(frame, seed=asked.seed)
    yield integrity


def _counted(asked: DatasetAnalysis, usable: Usable) -> tuple[BoxCounts, pl.DataFrame]:
    """Counts of all usable boxes, and the boxes themselves (a sample of them when streaming)."""
    if not asked.stream:
        frame = usable.frame()
        return count_boxes(frame, per_image=asked.per_image, seed=asked.seed), frame
    sample = Sample(asked.seed, SAMPLE_OF_A_STREAM)
    counts = count_boxes(sample.watch(usable.batches()), per_image=asked.per_image, seed=asked.seed)
    return counts, sample.frame()


def _pairs(asked: DatasetAnalysis, frame: pl.DataFrame, progress: Progress) -> Iterator[Result]:
    """Splits against the training split, and this dataset against another."""
    options: dict[str, Any] = {
        "alpha": asked.alpha,
        "correction": asked.correction,
        "seed": asked.seed,
        "per_image": asked.per_image,
    }
    if frame["split"].n_unique() > 1:
        yield from splits(frame, **options)
    if asked.compare is not None:
        other = Usable(_table(asked, [asked.compare], asked.compare_format_in), progress).frame()
        names = _title(asked.paths), _title([asked.compare])
        yield compare(frame, other, kind="comparison", names=names, **options)


def _title(paths: list[str]) -> str:
    more = f" and {len(paths) - 3:,} more" if len(paths) > 3 else ""
    return ", ".join(Path(path).name for path in paths[:3]) + more or "Embedded digit scenes"


def _provenance(asked: DatasetAnalysis, table: BoxTable, started: str, seconds: float) -> provenance.Provenance:
    return provenance.Provenance(
        command=command_line("dataset", asked),
        seed=asked.seed,
        versions=provenance.versions(),
        machine=provenance.machine(),
        inputs=provenance.input_files(table.files),
        input_count=len(table.files),
        started=started,
        seconds=round(seconds, 3),
    )
