"""Result of natural video: does the answer hold from frame to frame?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from biasscope.core.results import Cell, Result, number, table
from biasscope.images.picture import Picture
from biasscope.pipeline.invariance import samples
from biasscope.pipeline.invariance.measurement import Measurement
from biasscope.pipeline.invariance.shifts import roles
from biasscope.pipeline.invariance.tables import floor_table, metric_table, model_table, scalars


def result(
    items: Sequence[Measurement], found: Mapping[str, Picture], finding: str, parameters: Mapping[str, Cell], title: str
) -> Result:
    """All models along the frames of clips; traces of a few."""
    shown = roles(items)
    rows = [row for item in items for row in _traces(item, shown["trace"])]
    columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
    tables = [
        metric_table(items),
        model_table(items),
        table("traces", columns, title="Probabilities from frame to frame", row="frame"),
        samples.picture_table(items, shown, found),
        samples.worst_table(items),
        floor_table(items),
    ]
    return Result(
        kind="video",
        finding=finding,
        title=title,
        parameters=dict(parameters),
        scalars=list(scalars(items)),
        tables=[item for item in tables if item.height],
        source="Azulay & Weiss, JMLR 20(184), 2019",
    )


def _traces(item: Measurement, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    places = {name: index for index, name in enumerate(item.sweep.image_ids)}
    for name in (name for name in names if name in places):
        for frame in range(item.sweep.views):
            yield {
                "model": item.label,
                "clip": name,
                "frame": frame,
                "p_top": number(item.sweep.p_top[frame, places[name]]),
                "p_first": number(item.sweep.p_reference[frame, places[name]]),
                "answer": item.name(int(item.answers[frame, places[name]])),
            }
