"""Result of a protocol of shifts: maps over (dy, dx), traces, the raster, the worst pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.core.results import Table, number, table
from biasscope.images.picture import Picture
from biasscope.pipeline.common.rows import tabled
from biasscope.pipeline.invariance import samples
from biasscope.pipeline.invariance.differences import difference_table, differences
from biasscope.pipeline.invariance.measurement import Measurement
from biasscope.pipeline.invariance.tables import Part, floor_table, metric_table, model_table

RASTER_IMAGES, RASTER_SHIFTS, RASTER_CELLS = 200, 64, 100_000
SOURCE = "Azulay & Weiss, JMLR 20(184), 2019; Zhang, ICML 2019"


def roles(items: Sequence[Measurement]) -> dict[str, list[str]]:
    """Pictures that are shown, by role."""
    shown = samples.sampled(items[0]) if items else []
    bad = [item.sweep.image_ids[index] for item in items for index in samples.worst(item)]
    return {"trace": shown, "worst": list(dict.fromkeys(bad))}


def part(items: Sequence[Measurement], found: Mapping[str, Picture]) -> Part:
    """All models under one protocol of shifts."""
    shown = roles(items)
    different = differences(items)
    tables = (
        metric_table(items),
        model_table(items),
        difference_table(different),
        map_table(items),
        samples.trace_table(items, shown["trace"]),
        samples.picture_table(items, shown, found),
        raster_table(items),
        samples.worst_table(items),
        floor_table(items),
    )
    return Part("shifts", tables, [item.scalar() for item in different], source=SOURCE)


def map_table(items: Sequence[Measurement]) -> Table:
    """One row a model and shift: how often the answer is that of the reference, and how often it is right."""
    rows = [row for item in items for row in _map(item)]
    return tabled("map", rows, "Agreement with the reference over the shifts", "shift")


def _map(item: Measurement) -> Iterator[dict[str, Any]]:
    offsets = item.sweep.offsets
    if offsets is None:
        return
    agreement = item.kept().mean(1)
    accuracy = item.right().mean(1) if item.labelled else np.full(len(agreement), np.nan)
    for (dy, dx), agrees, right in zip(offsets.tolist(), agreement, accuracy, strict=True):
        shown = {"agreement": number(agrees), "accuracy": number(right)}
        yield {
            "model": item.label,
            "dy": number(dy),
            "dx": number(dx),
            **shown,
            "n": len(item.sweep),
            "accuracy_pictures": item.known,
        }


def raster_table(items: Sequence[Measurement]) -> Table:
    """One row a model: right or not (without labels: as the reference or not), pictures x shifts."""
    each = min(RASTER_IMAGES, RASTER_CELLS // (len(items) * RASTER_SHIFTS)) if items else 0
    cells = [_raster(item, max(each, 1)) for item in items]
    columns: dict[str, list[Any]] = {
        "model": [item.label for item in items],
        "images": [len(found) for found in cells],
        "shifts": [found.shape[1] for found in cells],
        "cells": [found.astype(int).ravel().tolist() for found in cells],
    }
    title = "Right answers, pictures by shifts" if items and items[0].labelled else "Answers of the reference kept"
    return table("raster", columns, title=title, row="model")


def _raster(item: Measurement, most: int) -> NDArray[np.bool_]:
    """(pictures, shifts), the most often right picture first; evenly spaced where there are too many."""
    good = (item.right() if item.labelled else item.kept()).T
    ordered = good[np.argsort(-good.mean(1), kind="stable")]
    return ordered[np.ix_(spread(ordered.shape[0], most), spread(ordered.shape[1], RASTER_SHIFTS))]


def spread(length: int, most: int) -> NDArray[np.int64]:
    """Indices of at most ``most`` items, evenly spaced from the first to the last.

    Examples
    --------
    >>> spread(5, 3).tolist(), spread(2, 3).tolist()
    ([0, 2, 4], [0, 1])
    """
    return np.unique(np.linspace(0, length - 1, min(length, most)).round().astype(np.int64))
