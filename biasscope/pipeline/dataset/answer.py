"""The first screen of a dataset report: the answer in words and its head numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from biasscope.core.results import Result, Scalar
from biasscope.pipeline.dataset.biased import biased

MOST, LARGEST = 3, 5
"""Sentences of one kind, head numbers."""
HEADLINE = (
    ("position", "nonuniform_feasible"),
    ("position", "nonuniform_raw"),
    ("position", "pooled_effect"),
    ("repair", "effect_after"),
    ("leakage", "accuracy_over_chance"),
)
"""Result kind and scalar of the head numbers, the most important first."""
AXES = (("position", "nonuniform_cvm_u"), ("position", "nonuniform_cvm_v"))
"""Before them where no class could be tested on both axes, those of the axes on which some could."""


def answer(results: Sequence[Result], notes: Sequence[str]) -> list[str]:
    """Sentences that answer the question: position, scale, splits, repair, leakage, then what was left out."""
    order = ("position", "scale", "splits", "comparison", "repair", "leakage", "integrity")
    simulated = [note for note in notes if "SIMULATED" in note]
    first = [sentence for item in _of(results, "position") for sentence in biased(item)]
    return [*first, *(finding for kind in order for finding in _findings(results, kind)), *simulated]


def _findings(results: Sequence[Result], kind: str) -> Iterator[str]:
    """Findings of a kind; of many splits or augmentations the first few, the others are in their sections."""
    found = [item.finding for item in _of(results, kind)]
    yield from found[:MOST]
    if len(found) > MOST:
        yield f"{len(found) - MOST} more of the kind are below."


def headline(results: Sequence[Result]) -> list[Scalar]:
    """Three to five head numbers, copies of scalars in the results; of augmentations the first that was asked for."""
    found = []
    for kind, name in (*_axes(results), *HEADLINE):
        for item in _first(results, kind):
            named = f" {item.parameters['augmentation']}" if kind == "repair" else ""  # "..., after" what
            found += [
                msgspec.structs.replace(scalar, title=f"{scalar.title or name}{named}")
                for scalar in item.scalars
                if scalar.name == name and scalar.value is not None
            ]
    return found[:LARGEST]


def _first(results: Sequence[Result], kind: str) -> list[Result]:
    """First result of a kind; of augmentations the second, as the usual one comes before those that were asked for."""
    found = [*_of(results, kind)]
    return found[1:2] or found if kind == "repair" else found[:1]


def _axes(results: Sequence[Result]) -> list[tuple[str, str]]:
    """Counts of the tests of one axis alone, where they are all there is."""
    tested = {(item.kind, scalar.name): scalar.n for item in results for scalar in item.scalars}
    both = tested.get(("position", "nonuniform_feasible"))
    return [] if both is None or both > 0 else [place for place in AXES if tested.get(place)]


def _of(results: Sequence[Result], kind: str) -> Iterator[Result]:
    return (item for item in results if item.kind == kind)
