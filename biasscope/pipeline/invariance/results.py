"""From the measurements of a protocol to its result, by the kind that the protocol has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from biasscope.core.results import Cell, Result
from biasscope.images.picture import Picture
from biasscope.pipeline.common.pictures import collect
from biasscope.pipeline.invariance import clips, curves, resizes, shifts, words
from biasscope.pipeline.invariance.measurement import Measurement
from biasscope.pipeline.invariance.plan import Plan
from biasscope.pipeline.invariance.tables import Part, scalars

Make = Callable[[Sequence[Measurement], Mapping[str, Picture]], Part]


@dataclass(frozen=True)
class Protocol:
    """Measurements of one protocol, and their conditions in words."""

    plan: Plan
    items: Sequence[Measurement]
    phrase: str


def result_of(protocol: Protocol) -> Result:
    """Result of a protocol, with the pictures that it shows."""
    items, kind = protocol.items, protocol.plan.kind
    finding, make, wanted = _BY_KIND.get(kind, _BY_KIND["shifts"])
    found = collect(protocol.plan.source, set(wanted(items)))
    part = make(items, found)
    return Result(
        kind=part.kind,
        finding=finding(protocol),
        title=protocol.plan.title.capitalize(),
        parameters=parameters(protocol),
        scalars=[*scalars(items), *part.scalars],
        tables=[item for item in part.tables if item.height],
        notes=[*part.notes, *dict.fromkeys(note for item in items for note in item.sweep.notes)],
        source=part.source,
    )


def parameters(protocol: Protocol) -> dict[str, Cell]:
    """Everything that decides the numbers; where models differ in it, that of the first."""
    first = protocol.items[0]
    made = dict(first.transformation.parameters)
    height, width = first.subject.model.preprocessing.size
    shown: dict[str, Cell] = {
        "protocol": protocol.plan.protocol,
        "reference": _reference(first),
        **made,
        "shifts" if first.sweep.offsets is not None else "views": first.sweep.views,
        "images": len(first.sweep),
        "labelled": first.labelled,
        "window": f"{width} x {height}",
        "seed": protocol.plan.asked.seed,
    }
    taken = first.sweep.image_ids
    others = [
        item.label
        for item in protocol.items
        if dict(item.transformation.parameters) != made or item.sweep.image_ids != taken
    ]
    return shown | ({"differs for": ", ".join(others)} if others else {})


def _reference(item: Measurement) -> str:
    """View that the others are compared with: the first where a grid does not have the unshifted one."""
    offsets = item.sweep.offsets
    if offsets is None or not offsets[item.sweep.reference].any():
        return "fixed original"
    down, right = offsets[item.sweep.reference].tolist()
    return f"first shift, ({down:g}, {right:g})"


def _roles(items: Sequence[Measurement]) -> list[str]:
    return [name for names in shifts.roles(items).values() for name in names]


_BY_KIND: dict[str, tuple[Callable[[Protocol], str], Make, Callable[..., Any]]] = {
    "shifts": (lambda one: words.shifts(one.items, one.plan.protocol, one.phrase), shifts.part, _roles),
    "rescale": (lambda one: words.rescale(one.items), curves.rescale, _roles),
    "rotation": (lambda one: words.rotation(one.items), curves.rotation, _roles),
    "resize": (lambda one: words.resize(one.items), resizes.part, resizes.wanted),
    "video": (lambda one: words.video(one.items), clips.part, _roles),
}
