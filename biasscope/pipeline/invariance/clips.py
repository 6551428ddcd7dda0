"""Result of natural video: does the answer hold from frame to frame?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from biasscope.core.results import number
from biasscope.images.picture import Picture
from biasscope.pipeline.common.rows import tabled
from biasscope.pipeline.invariance import samples
from biasscope.pipeline.invariance.measurement import Measurement
from biasscope.pipeline.invariance.shifts import roles
from biasscope.pipeline.invariance.tables import Part


def part(items: Sequence[Measurement], found: Mapping[str, Picture]) -> Part:
    """All models along the frames of clips; traces of a few."""
    shown = roles(items)
    rows = [row for item in items for row in _traces(item, shown["trace"])]
    traced = tabled("traces", rows, "Probabilities from frame to frame", "frame")
    return Part("video", [traced, *samples.tables(items, shown, found)])


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
