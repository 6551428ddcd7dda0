"""From patched answers to effects, blames and pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from biasscope.core.errors import UsageError
from biasscope.models import squashed
from biasscope.models.binary import NOTE
from biasscope.trace.blame.engine import Answers
from biasscope.trace.blame.moving import Between, steps_of
from biasscope.trace.blame.pairs import Opened
from biasscope.trace.blame.ratios import share_of_change
from biasscope.trace.blame.result import Blame, LayerBlame, Pair
from biasscope.trace.blame.trunk import Candidate, Selection
from biasscope.trace.estimate import NOTHING, Estimate
from biasscope.trace.probe import DRAWS

Array = NDArray[np.float64]


def assembled(
    opened: Opened, selected: Selection, ids: Sequence[str], answers: Sequence[Answers], between: Between
) -> Blame:  # fmt: skip
    """Effects, blames and pairs from the answers of every block."""
    chosen = selected.chosen
    reference, shifted, patched, slopes = _joined(answers)
    finite = np.isfinite(reference[..., 0]) & np.isfinite(shifted[..., 0])
    if not finite.any():
        raise UsageError("the network's answers are not finite numbers (NaN or infinite)", where=opened.label)
    rounding = _rounding(max(one.largest for one in answers), opened)
    real = np.abs(reference - shifted)[..., :1] > rounding
    change = np.where(real, (reference - shifted)[..., :2], 0.0)
    removed = patched - shifted
    flipped = (reference != shifted)[..., 2].astype(float)
    back = (patched[..., 2] == reference[..., 2]) * flipped
    rises, last = _rises(chosen, removed[..., 0], change[..., 0])
    ranks = _ranks(chosen, rises, rounding / np.abs(change[real[..., 0], 0]).mean() if real.any() else 0.0)
    layers = tuple(
        _layer(
            depth, one, opened, share_of_change(removed[depth, ..., 0], change[..., 0]), rises[depth],
            share_of_change(removed[depth, ..., 1], change[..., 1]), share_of_change(back[depth], flipped),
            share_of_change(slopes[depth], change[..., 0]), ranks[depth],
        )
        for depth, one in enumerate(chosen)
    )  # fmt: skip
    tail = share_of_change(change[..., 0] - last, change[..., 0])
    return Blame(
        layers, tail, _pairs(opened, ids, reference, shifted), np.sign(change[..., 0]) * removed[..., 0], opened.label,
        opened.transformation.name, len(ids), dict(opened.transformation.parameters),
        (*_warned(selected, answers), *_notes(selected, change, layers, between, int((~finite).sum()))),
        tuple(opened.pictures.problems),
        selected.outputs,
    )  # fmt: skip


def _joined(answers: Sequence[Answers]) -> tuple[Array, Array, Array, Array]:
    """Answers of all blocks: to the reference (images, 1, .), to the shifts, patched at every layer, and slopes."""
    reference = np.concatenate([one.reference for one in answers])[:, None]
    shifted = np.concatenate([one.shifted for one in answers])
    patched = np.concatenate([one.patched for one in answers], 1)
    return reference, shifted, patched, np.concatenate([one.slopes for one in answers], 1)


def _rises(chosen: Sequence[Candidate], removed: Array, change: Array) -> tuple[list[Estimate], Array]:
    """Rise of the effect at every layer over the last complete one, and what the last complete one removed."""
    rises, last = [], np.zeros_like(change)
    for one, own in zip(chosen, removed, strict=True):
        rises.append(share_of_change(own - last, change))
        last = own if one.complete else last
    return rises, last


def _rounding(largest: float, opened: Opened) -> float:
    """Change of a logit up to which it may be rounding."""
    kind = next((p.dtype for p in opened.module.parameters() if p.is_floating_point()), torch.get_default_dtype())
    unit = torch.finfo(kind).eps
    steps = 64 if unit < 1e-5 else 2  # half precision rounds so coarsely that what is summed in between does not show
    return float(steps * unit * max(largest, 1e-30))


def _ranks(chosen: Sequence[Candidate], rises: Sequence[Estimate], least: float) -> list[int | None]:
    """Ranks of the layers with a blame of their own whose interval lies above 0, by more than rounding."""
    values = {
        place: rise.value
        for place, (one, rise) in enumerate(zip(chosen, rises, strict=True))
        if one.complete and not one.gathers and rise.value is not None and rise.low is not None and rise.low > least
    }
    order = sorted(values, key=lambda place: -values[place])
    return [order.index(place) + 1 if place in values else None for place in range(len(chosen))]


def _layer(
    depth: int, one: Candidate, opened: Opened, effect: Estimate, rise: Estimate, probability: Estimate,
    restored: Estimate, first_order: Estimate, rank: int | None,
) -> LayerBlame:  # fmt: skip
    layer = one.layer
    stride = None if layer.stride is None else (float(layer.stride[0]), float(layer.stride[1]))
    whole = [steps_of(offset, layer.stride)[1] for offset in opened.offsets]
    return LayerBlame(
        layer.name, layer.kind, depth, *layer.size, stride, layer.subsampling, one.complete, float(np.mean(whole)),
        effect, rise, probability, restored, first_order if effect.value is not None else NOTHING, rank,
        bool(one.gathers),
    )  # fmt: skip


def _pairs(opened: Opened, ids: Sequence[str], reference: Array, shifted: Array) -> tuple[Pair, ...]:
    return tuple(
        Pair(
            name, dy, dx, int(before[0, 2]), int(after[2]), float(after[0] - before[0, 0]),
            float(after[1] - before[0, 1]),
        )
        for name, before, views in zip(ids, reference, shifted, strict=True)
        for (dy, dx), after in zip(opened.offsets, views, strict=True)
    )  # fmt: skip


def _warned(selected: Selection, answers: Sequence[Answers]) -> Iterator[str]:
    """What makes the numbers doubtful: probabilities in the place of scores, random numbers."""
    if wrong := squashed.traced(torch.cat([one.scores for one in answers]), "The network"):
        yield wrong
    if selected.draws:
        yield f"{DRAWS[:1].upper()}{DRAWS[1:]}.".format(selected.draws)


def _notes(
    selected: Selection, change: Array, layers: Sequence[LayerBlame], between: Between, infinite: int
) -> list[str]:
    notes = [NOTE.format("The network")] if selected.outputs == 1 else []
    if infinite:
        notes.append(f"{infinite} pairs are left out: their logits are not finite numbers (NaN or infinite).")
    if not change[..., 0].any():
        notes.append(
            "No shift changed the logit of an answer by more than rounding: there is nothing to blame a layer for."
        )
    elif len(change) < 2:
        notes.append("One image gives no interval, so no layer is ranked.")
    notes += _branches(selected)
    if any(one.exact < 1 for one in layers):
        notes.append("Where a shift lies between positions of a layer its reference is moved in between, not rolled.")
        if between == "nearest":
            notes.append(
                "Moved by whole positions, a map stays where it is for shifts of less than half a position, so the "
                "first layer that subsamples takes all the blame for them."
            )
        if between == "fourier":
            notes.append(
                "Non-linear layers alias shifts between positions: behind an aliased layer they get blame of their "
                'own, also below 0. between="nearest" moves by whole positions.'
            )
    return notes


def _branches(selected: Selection) -> list[str]:
    """What the layers in branches do to the blame."""
    notes = []
    for one in selected.chosen:
        if one.gathers:
            named = ", ".join(one.gathers)
            notes.append(f"The blame of {one.layer.name} is that of everything up to here: {named} lie in branches.")
    if selected.open_ended:
        named = ", ".join(selected.open_ended)
        notes.append(f"What is left behind the last layer holds what layers in branches do: {named}.")
    if not all(one.complete for one in selected.chosen):
        notes.append(
            "Layers in a branch get no blame of their own: patching them leaves what the parallel branch does."
        )
    return notes
