"""How evenly gradients reach the pixels, in words."""

from __future__ import annotations

from collections.abc import Sequence

from biasscope.pipeline.upsampling.measurement import Measurement
from biasscope.pipeline.upsampling.phrases import MOST, joined, times
from biasscope.upsampling import GradientEnergy


def gradients(items: Sequence[Measurement]) -> str:
    """Overlap of the backward pass, both figures, and the energy that was measured."""
    said, even, none = [], [], []
    for item in items[:MOST]:
        found = item.found.structure
        if found.backward_strided is None:
            none.append(item.label)
        elif found.backward_strided.uniform and found.backward_composed and found.backward_composed.ratio == 1:
            even.append(item.label)
        else:
            said.append(_backward(item))
    if even:
        said.append(f"those of {joined(even)} write all pixels equally often")
    if none:
        said.append(f"{joined(none)} {'do' if len(none) > 1 else 'does'} not subsample")
    return f"Gradients, by geometry alone: {'; '.join(said)}.{energies(items)}"


def _backward(item: Measurement) -> str:
    found = item.found.structure
    alone = found.backward_strided.ratio if found.backward_strided is not None else None
    between = found.backward_composed.ratio if found.backward_composed is not None else None
    rest = "" if between == alone else f" ({_ratio(between)} with the layers between)"
    return f"strided layers of {item.label} write some pixels {times(alone)}{rest}"


def _ratio(ratio: float | None) -> str:
    return "beyond all bounds" if ratio is None else f"{ratio:.3g} times"


def energies(items: Sequence[Measurement]) -> str:
    """Most by least energy of the gradient that reaches a phase; nothing where it was not measured."""
    told = [
        f"{item.label}, {_ratio(item.found.gradients.ratio)}{_certain(item.found.gradients)}"
        for item in items[:MOST]
        if item.found.gradients is not None
    ]
    return f" Energy of the gradient as measured, most over least phase: {'; '.join(told)}." if told else ""


def _certain(found: GradientEnergy) -> str:
    """How much of a ratio is certain, as one of many phases is always highest by chance."""
    if found.ratio is None:
        return ""
    if found.least is None:
        return " (of one picture, may be chance)"
    return f" (at least {found.least:.3g})" if found.least > 1 else " (may be chance)"
