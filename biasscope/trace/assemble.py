"""From accumulators to the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biasscope.core.words import counted, first_few
from biasscope.trace.engine import Traced
from biasscope.trace.estimate import Estimate
from biasscope.trace.layer import Layer
from biasscope.trace.layer_result import Lattice, LayerTrace, Measured
from biasscope.trace.maps import maps_of
from biasscope.trace.measures import MEASURES
from biasscope.trace.measures.lie import LieDerivative
from biasscope.trace.measures.period import lattice_period
from biasscope.trace.probe import DRAWS, Probe, Seen
from biasscope.trace.result import Trace
from biasscope.trace.shifts import Plan, moves
from biasscope.trace.watch import leaf

if TYPE_CHECKING:
    from biasscope.transforms import Transformation


def assemble(
    traced: Sequence[Traced], plan: Plan, transformation: Transformation, model: str, ids: list[str], probed: Probe,
    problems: Sequence[Any], functional: bool, infinite: Sequence[int] = (),
    uneven: Sequence[str] = (),
) -> Trace:  # fmt: skip
    """Ask every measure for its value."""
    measures = {id(measure): measure for one in traced for measure, _ in one.measures.values()}
    found = {key: measure.estimates() for key, measure in measures.items()}
    layers = tuple(_layer(depth, one, found) for depth, one in enumerate(traced))
    return Trace(
        layers,
        plan.offsets,
        plan.reference,
        _lattices(traced, plan),
        {one.layer.name: one.sums.result(ids) for one in traced},
        model,
        transformation.name,
        len(ids),
        dict(transformation.parameters),
        (*_cut_out(uneven), *_notes(traced, plan, probed, functional, len(ids))),
        tuple(problems),
        tuple(ids),
        _by_image(traced, len(ids)),
        tuple(ids[number] for number in infinite),
    )


def _layer(depth: int, one: Traced, found: Mapping[int, list[Estimate]]) -> LayerTrace:
    layer = one.layer
    stride = None if layer.stride is None else (float(layer.stride[0]), float(layer.stride[1]))
    values = {
        name: _measured(name, found[id(measure)][number], measure.note(number))
        for name, (measure, number) in one.measures.items()
    }
    return LayerTrace(
        layer.name, layer.kind, depth, layer.channels, *layer.size, stride, layer.ratio, layer.subsampling,
        layer.factor, layer.coming, values,
    )  # fmt: skip


def _measured(name: str, found: Estimate, note: str) -> Measured:
    facts = MEASURES[name].facts
    return Measured(name, facts["title"], *found, facts["better"], facts["unit"], note)


def _by_image(traced: Sequence[Traced], images: int) -> dict[str, NDArray[np.float64]]:
    """Values of single images, for the measures that kept them."""
    found: dict[str, NDArray[np.float64]] = {}
    joined: dict[int, NDArray[np.float64]] = {}
    for place, one in enumerate(traced):
        for name, (measure, number) in one.measures.items():
            if not measure.by_image:
                continue
            if id(measure) not in joined:
                joined[id(measure)] = np.concatenate([part.numpy() for part in measure.by_image], 1)
            row = joined[id(measure)][number]
            found.setdefault(name, np.full((len(traced), images), np.nan))[place, : len(row)] = row
    return found


def _lattices(traced: Sequence[Traced], plan: Plan) -> dict[str, dict[str, Lattice]]:
    """Lattices of every measure that has one; shifts between positions come from the measure named in its facts."""
    found: dict[str, dict[str, Lattice]] = {}
    for one in traced:
        for name, (measure, number) in one.measures.items():
            values = measure.lattice(number)
            if values is None or "between" not in MEASURES[name].facts:
                continue
            other = one.measures.get(MEASURES[name].facts["between"])
            filled = None if other is None else other[0].lattice(other[1])
            found.setdefault(name, {})[one.layer.name] = _lattice(values, filled, one.layer, plan)
    return found


def _lattice(values: NDArray[np.float64], filled: NDArray[np.float64] | None, layer: Layer, plan: Plan) -> Lattice:
    between = ~moves(plan.offsets, layer.stride)[1]
    if filled is not None:
        values = np.where(between, filled, values)
    period = None
    if (filled is not None or not between.any()) and (rectangle := _rectangle(plan.offsets)) is not None:
        period = lattice_period(values[rectangle])
    return Lattice(values, between, period)


def _rectangle(offsets: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Views in rows and columns of neighbouring shifts, (Y, X); ``None`` where shifts do not fill a rectangle."""
    rows, columns = (np.unique(offsets[:, axis]) for axis in (0, 1))
    places = {tuple(pair): view for view, pair in enumerate(offsets.tolist())}
    full = all(np.allclose(np.diff(axis), 1) for axis in (rows, columns))
    if not full or len(places) < len(rows) * len(columns):
        return None
    return np.array([[places[y, x] for x in columns.tolist()] for y in rows.tolist()])


def _cut_out(names: Sequence[str]) -> list[str]:
    """Layers that gave other than one map for each picture."""
    if not names:
        return []
    what = f"{counted(len(names), 'layer')} gave other than one map of one size for each picture"
    return [
        f"{what}, as around objects that are found, and {'is' if len(names) == 1 else 'are'} not measured: "
        f"{first_few(list(names), 5)}"
    ]


def _notes(traced: Sequence[Traced], plan: Plan, probed: Probe, functional: bool, images: int) -> list[str]:
    notes = [DRAWS.format(probed.draws)] if probed.draws else []
    many = {row.place for row in probed.seen if row.tensors > 1}
    several = sorted({one.layer.place.name for one in traced if one.layer.place in many})
    if several:
        notes.append(f"several tensors are given by {', '.join(several)}")
    if not functional:
        notes.append("functions in forward are not layers here; functional=True lists those outside leaf modules")
    notes += _unseen(probed, functional)
    measured = dict.fromkeys(name for one in traced for name in one.measures)
    notes += _undefined(traced, images)
    notes += [f"{name}: {note}" for name in measured if (note := MEASURES[name].facts.get("note"))]
    notes += _without(traced)
    uneven = {one.layer.name for one in traced if plan.wraps and _uneven(one.layer, probed)}
    if uneven:
        notes.append(
            f"the side of the picture is no multiple of the stride at {len(uneven)} layers, so circular shifts cannot "
            f"be exact there ({', '.join(sorted(uneven)[:5])})"
        )
    return notes


def _without(traced: Sequence[Traced]) -> list[str]:
    """Layers without a Lie derivative."""
    made = {id(measure): measure for one in traced for measure, _ in one.measures.values()}.values()
    names = [name for measure in made if isinstance(measure, LieDerivative) for name in measure.without]
    if not names:
        return []
    why = "no picture changes the maps there, or they are cut off from it (detach, no_grad)"
    have = f"{counted(len(names), 'layer')} {'has' if len(names) == 1 else 'have'} none"
    return [f"lie_derivative: {have}, {why}: {first_few(names, 5)}"]


def _undefined(traced: Sequence[Traced], images: int) -> list[str]:
    """Layers without finite global sums for a picture whose sums are shown."""
    names = [one.layer.name for one in traced if not one.sums.finite(images)]
    if not names:
        return []
    named = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return [
        f"{len(names)} layers gave values that are not finite (NaN, infinite) or were not called in every pass; those "
        f"images do not count there: {named}"
    ]


def _unseen(probed: Probe, functional: bool) -> list[str]:
    """Tensors that are no maps of positions, and what cannot be seen of them."""
    notes = []
    found = maps_of(probed)
    if unreal := list(dict.fromkeys(row.place.name for row in found.unreal if _inner(row))):
        named = ", ".join(unreal[:5]) + (", ..." if len(unreal) > 5 else "")
        notes.append(f"{len(unreal)} tensors of whole, true-or-false or complex numbers are not measured: {named}")
    if others := list(dict.fromkeys(row.place.name for row in found.others if _inner(row))):
        named = ", ".join(others[:5]) + (", ..." if len(others) > 5 else "")
        notes.append(f"{len(others)} tensors of attention, windows or tokens are no maps of positions: {named}")
    tokens = list(dict.fromkeys(row.place.name for row in probed.seen if len(row.shape) == 3 and _inner(row)))
    if tokens:
        said = "" if functional else ", and attention, which functions work out between them, is not seen either"
        named = ", ".join(tokens[:5]) + (", ..." if len(tokens) > 5 else "")
        notes.append(f"{len(tokens)} modules give tokens, which are no maps of positions: {named}{said}")
    return notes


def _inner(row: Seen) -> bool:
    return row.module is None or leaf(row.module)


def _uneven(layer: Layer, probed: Probe) -> bool:
    return layer.stride is not None and any(side % part for side, part in zip(probed.side, layer.stride, strict=True))
