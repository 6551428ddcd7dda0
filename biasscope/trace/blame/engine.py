"""Patches every layer for blocks of pictures and keeps what that does to the answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from biasscope.trace.blame.answers import answers
from biasscope.trace.blame.moving import Between, moved, steps_of
from biasscope.trace.blame.pairs import Block
from biasscope.trace.blame.patching import Change, changed, responses
from biasscope.trace.layer import Layer, Place

Array = NDArray[np.float64]
Offsets = Sequence[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Answers:
    """What a block gave; P pictures, S shifts, L layers.

    Attributes
    ----------
    reference, shifted
        Logit and probability of the target, and the answer: (P, 3) and (P, S, 3). The logit of no is that of yes with
        the other sign where the network gives one number.
    patched
        The same for the patched passes, (L, P, S, 3).
    slopes
        What the gradient says that patching changes in the logit, (L, P, S); NaN where it was not asked for.
    largest
        Largest logit in absolute value.
    scores
        What the network gave for the references, (P, outputs).
    """

    reference: Array
    shifted: Array
    patched: Array
    slopes: Array
    largest: float
    scores: Tensor


class Patching:
    """Activation patching of some layers.

    Parameters
    ----------
    model
        In evaluation mode.
    layers
        Modules to patch.
    wraps
        Whether shifts are circular.
    between
        How maps move by fractions of a position.
    first_order
        Whether the gradient is asked too.
    batch
        Most pictures a pass.
    outputs
        How many numbers the network gives a picture.
    """

    def __init__(
        self, model: nn.Module, layers: Sequence[Layer], *, wraps: bool, between: Between = "fourier",
        first_order: bool = True, batch: int = 32, outputs: int = 2,
    ) -> None:  # fmt: skip
        self._model, self._layers, self._wraps, self._between = model, layers, wraps, between
        self._first_order, self._batch = first_order, batch
        self._unit = 2 if outputs == 1 else 1  # `answers` halves one number

    def run(self, block: Block, offsets: Offsets) -> Answers:
        """Patch a block: one pass for the references, one for the shifted, one more for each layer."""
        logits, kept = responses(self._model, block.reference, [layer.place for layer in self._layers])
        targets = logits.argmax(1)
        at_once = max(self._batch // len(targets), 1)
        parts = [
            self._group(block.shifted[:, first : first + at_once], offsets[first : first + at_once], kept, targets)
            for first in range(0, len(offsets), at_once)
        ]
        shifted, patched, slopes = zip(*parts, strict=True)
        return Answers(
            self._read(logits, targets), np.concatenate(shifted, 1), np.concatenate(patched, 2),
            np.concatenate(slopes, 2), self._unit * float(logits.abs().nan_to_num(0.0, 0.0).max()),
            logits if self._unit == 1 else self._unit * logits[:, 1:],
        )  # fmt: skip

    def _group(
        self, views: Tensor, offsets: Offsets, kept: dict[Place, Tensor], targets: Tensor
    ) -> tuple[Array, Array, Array]:
        """Some shifts of a block at once; rows go shift by shift."""
        rows = views.movedim(1, 0).flatten(0, 1).contiguous()
        wanted = targets.repeat(len(offsets))
        ideal = [self._ideal(layer, kept[layer.place], offsets) for layer in self._layers]
        answer, slopes = self._shifted(rows, wanted, ideal)
        found = []
        for layer, change in zip(self._layers, ideal, strict=True):
            with changed(self._model, {layer.place: change}):
                found.append(self._read(answers(self._model, rows), wanted))
        shape = len(offsets), len(targets)
        shifted = self._read(answer, wanted).reshape(*shape, 3).swapaxes(0, 1)
        patched = np.stack(found).reshape(-1, *shape, 3).swapaxes(1, 2)
        return shifted, patched, slopes.reshape(-1, *shape).swapaxes(1, 2)

    def _ideal(self, layer: Layer, reference: Tensor, offsets: Offsets) -> Change:
        """Give the function from a layer's own response to the moved reference's."""
        steps = [steps_of(offset, layer.stride)[0] for offset in offsets]

        def change(own: Tensor) -> Tensor:
            if reference.dim() != 4:
                repeated = reference.repeat(len(steps), *[1] * (reference.dim() - 1))
                return repeated.reshape(own.shape)  # a forward may have taken the axis of one picture away
            maps, count = layer.maps(reference), len(reference)
            parts = torch.split(layer.maps(own), count)
            made = [
                moved(maps, step, own=part, wraps=self._wraps, between=self._between)
                for step, part in zip(steps, parts, strict=True)
            ]
            both = torch.cat(made)
            return both if layer.axes == (2, 3) else both.movedim(1, 3).contiguous()

        return change

    def _shifted(self, rows: Tensor, wanted: Tensor, ideal: Sequence[Change]) -> tuple[Tensor, Array]:
        """Answers for the shifted pictures, and what the gradient says about every layer."""
        if not self._first_order:
            nothing = np.full((len(self._layers), len(rows)), np.nan)
            return answers(self._model, rows), nothing
        owns: dict[Place, Tensor] = {}
        places = [layer.place for layer in self._layers]
        with torch.enable_grad(), changed(self._model, {place: _kept(owns, place) for place in places}):
            answer = answers(self._model, rows.detach().requires_grad_())
            total = self._unit * answer.gather(1, wanted[:, None]).sum()
            known = [place for place in places if owns[place].requires_grad]
            slopes = torch.autograd.grad(total, [owns[place] for place in known], allow_unused=True) if known else ()
        found, slope_of = [], dict(zip(known, slopes, strict=True))
        for place, change in zip(places, ideal, strict=True):
            own, slope = owns.pop(place).detach(), slope_of.pop(place, None)
            product = torch.zeros_like(own) if slope is None else slope * (change(own) - own)
            found.append(product.flatten(1).sum(1, dtype=torch.float64).cpu().numpy())
        return answer.detach(), np.stack(found)

    def _read(self, logits: Tensor, targets: Tensor) -> Array:
        """Logit and probability of the target, and the answer, (N, 3)."""
        wide = logits.double()
        chosen = self._unit * wide.gather(1, targets[:, None])[:, 0]
        probability = wide.softmax(1).gather(1, targets[:, None])[:, 0]
        return torch.stack([chosen, probability, wide.argmax(1).double()], 1).cpu().numpy()


def _kept(owns: dict[Place, Tensor], place: Place) -> Callable[[Tensor], Tensor]:
    def change(own: Tensor) -> Tensor:
        owns[place] = own
        return own.clone()  # so that a layer that works in place leaves what the gradient is taken by

    return change
