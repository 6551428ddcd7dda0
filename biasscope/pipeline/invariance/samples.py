"""Which pictures the report shows, and their rows: samples for traces, and the worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.core.results import Table, number, table
from biasscope.core.words import first_few
from biasscope.images.picture import Picture
from biasscope.pipeline.common.pictures import address, still
from biasscope.pipeline.common.rows import tabled
from biasscope.pipeline.invariance.measurement import Measurement
from biasscope.pipeline.invariance.tables import floor_table, metric_table, model_table

WORST, ANSWERS = 6, 4


def flips(item: Measurement) -> NDArray[np.int64]:
    """Number of views whose answer is not that of the reference, for each picture."""
    return np.asarray((~item.kept()).sum(0), np.int64)


def sampled(item: Measurement) -> list[str]:
    """Three pictures: the one whose answer changes most often, the middle one of those that change, a steady one.

    Where no answer changes, or all do, the three are spread over what there is.
    """
    changes = flips(item)
    order = np.argsort(changes, kind="stable")
    changing = order[changes[order] > 0]
    middle = changing[(len(changing) - 1) // 2] if len(changing) else order[len(order) // 2]
    chosen = [order[-1], middle, order[0]]
    return list(dict.fromkeys(item.sweep.image_ids[index] for index in chosen)) if len(order) else []


def worst(item: Measurement) -> list[int]:
    """Pictures whose answer changes most often, at most :data:`WORST`, the worst first."""
    changes = flips(item)
    order = np.argsort(-changes, kind="stable")[:WORST]
    return [int(index) for index in order if changes[index] > 0]


def worst_table(items: Sequence[Measurement]) -> Table:
    """One row a model and picture: how often the answer is another, and which answers there were."""
    rows = [(item, index) for item in items for index in worst(item)]
    counts = [flips(item) for item in items]
    by_label = {item.label: found for item, found in zip(items, counts, strict=True)}
    columns: dict[str, list[Any]] = {
        "model": [item.label for item, _ in rows],
        "image_id": [item.sweep.image_ids[index] for item, index in rows],
        "label": [true_class(item, index) for item, index in rows],
        "flips": [int(by_label[item.label][index]) for item, index in rows],
        "views": [item.sweep.views for item, _ in rows],
        "answers": [_answers(item, index) for item, index in rows],
    }
    return table("worst", columns, title="Pictures whose answer changes most often", row="image_id")


def true_class(item: Measurement, index: int) -> str | None:
    """Name of the true class of a picture."""
    truth = int(item.truth[index])
    return item.name(truth) if truth >= 0 else None


def _answers(item: Measurement, index: int) -> str:
    counts = Counter(item.answers[:, index].tolist()).most_common()
    return first_few([f"{item.name(answer)} ({count})" for answer, count in counts], ANSWERS)


def path(coordinates: Mapping[str, NDArray[np.generic]]) -> list[int]:
    """Views along one trajectory: the central row of a grid, else its diagonal, else its column, else all views."""
    if not {"dy", "dx"} <= coordinates.keys():
        return list(range(len(next(iter(coordinates.values())))))
    dy, dx = (np.asarray(coordinates[name], float) for name in ("dy", "dx"))
    for chosen, along in ((dy == 0, dx), (dy == dx, dx), (dx == 0, dy)):
        views = np.flatnonzero(chosen)
        if len(views) > 2:
            return [int(view) for view in views[np.argsort(along[views], kind="stable")]]
    return list(range(len(dy)))


def trace_table(items: Sequence[Measurement], wanted: Iterable[str]) -> Table:
    """One row a model, picture and step of the trajectory."""
    names = list(wanted)
    rows = [row for item in items for row in _traces(item, names)]
    return tabled("traces", rows, "Probabilities along a trajectory of one-step shifts", "step")


def _traces(item: Measurement, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    places = {name: index for index, name in enumerate(item.sweep.image_ids)}
    offsets = item.sweep.offsets
    views = path(item.sweep.coordinates)
    for name in (name for name in names if name in places):
        index = places[name]
        for step, seen in enumerate(views):
            answer, truth = int(item.answers[seen, index]), int(item.truth[index])
            yield {
                "model": item.label,
                "image_id": name,
                "step": step,
                "dy": None if offsets is None else number(offsets[seen, 0]),
                "dx": None if offsets is None else number(offsets[seen, 1]),
                "p_true": number(item.sweep.p_true[seen, index]),
                "p_reference": number(item.sweep.p_reference[seen, index]),
                "answer": item.name(answer),
                "right": answer == truth if truth >= 0 else None,
            }


def tables(
    items: Sequence[Measurement], roles: Mapping[str, Sequence[str]], found: Mapping[str, Picture]
) -> list[Table]:
    """Tables that sizes, angles and clips have: measures, models, pictures, floors."""
    return [
        metric_table(items),
        model_table(items),
        picture_table(items, roles, found),
        worst_table(items),
        floor_table(items),
    ]


def picture_table(
    items: Sequence[Measurement], roles: Mapping[str, Sequence[str]], found: Mapping[str, Picture]
) -> Table:
    """Small pictures by role (``trace``, ``worst``); a picture that could not be found again is left out."""
    rows = [(name, role) for role, names in roles.items() for name in dict.fromkeys(names) if name in found]
    labels = {name: true_class(item, index) for item in items[:1] for index, name in enumerate(item.sweep.image_ids)}
    columns: dict[str, list[Any]] = {
        "image_id": [name for name, _ in rows],
        "role": [role for _, role in rows],
        "picture": [address(still(found[name])) for name, _ in rows],
        "caption": [f"labelled {labels[name]}" if role == "trace" and labels.get(name) else "" for name, role in rows],
    }
    return table("pictures", columns, title="Pictures", row="image_id")
