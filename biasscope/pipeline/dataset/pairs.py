"""Splits against the training split, and a dataset against another."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec
import polars as pl

from biasscope.bias.compare import compare, splits
from biasscope.core.results import Result
from biasscope.pipeline.dataset.names import sides_named
from biasscope.pipeline.dataset.usable import (
    MOST_SPLITS,
    SAMPLE_OF_A_STREAM,
    Available,
    Sample,
    Usable,
    integrity_of,
)
from biasscope.pipeline.definition import DatasetAnalysis


def pairs(
    asked: DatasetAnalysis, frame: pl.DataFrame, available: Available, others: list[Usable], integrity: list[Result]
) -> Iterator[Result]:
    """Splits against the training split, and this dataset against another, whose integrity is reported too.

    Parameters
    ----------
    asked
        The analysis.
    frame
        Usable boxes of the dataset, or a sample of them.
    available
        How many there are.
    others
        The dataset that it is compared with, if there is one.
    integrity
        Takes the integrity of the others.
    """
    options = asked.tests() | {"per_image": asked.per_image}
    if frame["split"].n_unique() > 1:
        yield from splits(frame, available=available.splits, most=MOST_SPLITS, **options)
    for side in others:
        names = sides_named(asked.paths, str(asked.compare))
        other, whole = _in_memory(asked, side)
        found = integrity_of(side, other, [str(asked.compare)])
        named = {"title": f"{found.title}: {names[1]}", "finding": f"{names[1]}: {found.finding}"}
        integrity.append(msgspec.structs.replace(found, **named))
        yield compare(frame, other, kind="comparison", names=names, available=(available.boxes, whole), **options)


def _in_memory(asked: DatasetAnalysis, side: Usable) -> tuple[pl.DataFrame, int]:
    """All boxes of a side, or a sample of them when streaming, and how many there are."""
    if not asked.stream:
        frame = side.frame()
        return frame, frame.height
    sample = Sample(asked.seed, SAMPLE_OF_A_STREAM)
    deque(sample.watch(side.batches()), maxlen=0)
    return sample.frame(), sample.met.boxes
