"""Result of resizing by different libraries: does the label survive another implementation?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from biasscope.core.results import Table, number
from biasscope.images.picture import Picture
from biasscope.pipeline.common.pictures import address, view
from biasscope.pipeline.common.rows import tabled
from biasscope.pipeline.invariance.measurement import Measurement, interval_of
from biasscope.pipeline.invariance.samples import true_class
from biasscope.pipeline.invariance.tables import Part, floor_table, metric_table, model_table
from biasscope.transforms.implementations import IMPLEMENTATIONS
from biasscope.transforms.resize import MODEL

MOST_FLIPS = 6


class Flip(NamedTuple):
    """A picture that two implementations let a model answer differently."""

    picture: int
    a: int
    b: int


def names(item: Measurement) -> list[str]:
    """Machine names of the implementations, in the order of the views."""
    coordinates = item.sweep.coordinates
    for key in ("implementation", "name", "method"):
        if key in coordinates:
            return [str(name) for name in coordinates[key].tolist()]
    return [str(value) for value in next(iter(coordinates.values())).tolist()]


def flips(item: Measurement) -> list[Flip]:
    """Pictures with the most different answers first, each with the reference and the first that differs from it."""
    different = (~item.kept()).sum(0)
    order = [int(index) for index in np.argsort(-different, kind="stable") if different[index] > 0]
    reference = item.sweep.reference
    return [
        Flip(index, reference, int(np.flatnonzero(item.answers[:, index] != item.answers[reference, index])[0]))
        for index in order[:MOST_FLIPS]
    ]


def wanted(items: Sequence[Measurement]) -> list[str]:
    """Names of the pictures that flip, for the report."""
    return list(dict.fromkeys(item.sweep.image_ids[flip.picture] for item in items for flip in flips(item)))


def part(items: Sequence[Measurement], found: Mapping[str, Picture]) -> Part:
    """All models under all implementations."""
    tables = (
        implementation_table(items),
        agreement_table(items),
        flip_table(items, found),
        metric_table(items),
        model_table(items),
        floor_table(items),
    )
    return Part("resize", tables, source="")


def implementation_table(items: Sequence[Measurement]) -> Table:
    """One row a model and implementation; those that are not installed have no numbers."""
    rows = [row for item in items for row in _implementations(item)]
    return tabled("implementations", rows, "Resize implementations", "name")


def _implementations(item: Measurement) -> Iterator[dict[str, Any]]:
    known = names(item)
    right = item.right().mean(1) if item.labelled else np.full(len(known), np.nan)
    low, high = interval_of(right, item.known)
    agreement = item.kept().mean(1)
    for view_number, name in enumerate(known):
        yield {
            "model": item.label,
            "name": name,
            "title": title_of(name),
            "available": True,
            "reference": view_number == item.sweep.reference,
            "accuracy": number(right[view_number]),
            "accuracy_low": number(low[view_number]),
            "accuracy_high": number(high[view_number]),
            "accuracy_pictures": item.known,
            "agreement": number(agreement[view_number]),
            "n": len(item.sweep),
        }


def title_of(name: str) -> str:
    """Name of an implementation for people.

    >>> title_of("opencv-area"), title_of("model")
    ('OpenCV, area', "the model's own")
    """
    known = IMPLEMENTATIONS.get(name)
    return str(known.facts["title"]) if known else "the model's own" if name == MODEL else name


def agreement_table(items: Sequence[Measurement]) -> Table:
    """One row a model and pair of implementations, both ways and with themselves, so that it reads as a matrix."""
    rows = [row for item in items for row in _agreement(item)]
    return tabled("agreement", rows, "Share of pictures with the same answer", "pair")


def _agreement(item: Measurement) -> Iterator[dict[str, Any]]:
    known, n = names(item), len(item.sweep)
    for a, first in enumerate(known):
        for b, second in enumerate(known):
            share = float((item.answers[a] == item.answers[b]).mean())
            low, high = interval_of(share, n)
            bounds = {"low": number(low), "high": number(high)}
            yield {"model": item.label, "a": first, "b": second, "agreement": share, **bounds, "n": n}


def least(item: Measurement) -> tuple[float, str, str]:
    """Smallest agreement of two implementations, and which they are."""
    known = names(item)
    pairs = [(float((item.answers[a] == item.answers[b]).mean()), a, b) for a, b in combinations(range(len(known)), 2)]
    share, a, b = min(pairs, default=(1.0, 0, 0))
    return share, known[a], known[b]


def flip_table(items: Sequence[Measurement], found: Mapping[str, Picture]) -> Table:
    """One row a model and flipped picture, with both pictures as the model was given them."""
    rows = [row for item in items for flip in flips(item) for row in _flip(item, flip, found)]
    return tabled("flips", rows, "Pictures that are answered differently", "image_id")


def _flip(item: Measurement, flip: Flip, found: Mapping[str, Picture]) -> Iterator[dict[str, Any]]:
    name, known = item.sweep.image_ids[flip.picture], names(item)
    if name not in found:
        return
    number_in_source = int(item.sweep.indices[flip.picture])
    prepare = item.subject.model.preprocessing
    a, b = (view(found[name], item.transformation, prepare, side, number_in_source) for side in (flip.a, flip.b))
    yield {
        "model": item.label,
        "image_id": name,
        "label": true_class(item, flip.picture),
        "a": known[flip.a],
        "b": known[flip.b],
        "answer_a": item.name(int(item.answers[flip.a, flip.picture])),
        "answer_b": item.name(int(item.answers[flip.b, flip.picture])),
        "picture_a": address(a),
        "picture_b": address(b),
    }
