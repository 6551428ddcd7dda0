"""One model, traced: what every table and sentence starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray
from torch import nn

from biasscope.pipeline.common.forms import Subject
from biasscope.trace.layer_result import LayerTrace
from biasscope.trace.result import Trace
from biasscope.transforms.transformation import Transformation

Real = NDArray[np.float64]
ACTIVATIONS = frozenset(name.lower() for name in nn.modules.activation.__all__) | {"clamp", "hardtanh"}


@dataclass(frozen=True)
class Measurement:
    """A model with its trace.

    Attributes
    ----------
    subject
        The model.
    transformation
        Shifts, as the model's input decides them.
    trace
        What was measured.
    functions
        Functions of the model's ``forward`` that count as layers.
    picked
        Whether only some layers were asked for, so that nothing is known of those in between.
    """

    subject: Subject
    transformation: Transformation
    trace: Trace
    functions: tuple[str, ...] = ()
    picked: bool = False

    @property
    def label(self) -> str:
        """Label of the model."""
        return self.subject.label

    @cached_property
    def units(self) -> list[Unit]:
        """Layers in groups, each up to an activation, a pool or another layer whose maps compare with those."""
        return units(self.trace.layers, picked=self.picked)

    @cached_property
    def last(self) -> LayerTrace:
        """Last layer whose maps still have positions, and that ends a unit; the last of all where none has."""
        return self.units[-1].end if self.units else self.trace.layers[-1]

    @property
    def place(self) -> str:
        """What the last layer is, in words."""
        if not self.units:
            return f"{'the last of the layers looked at' if self.picked else 'its last layer'} (maps of one position)"
        if not self.picked:
            sampled = not _activation(self.last) and "pool" not in self.last.kind.lower() and compares(self.last)
            behind = self.last.depth < max(layer.depth for layer in self.trace.layers if spatial(layer))
            return "its last layer that subsamples" if sampled and behind else "its last spatial layer"
        whole = self.last is [layer for layer in self.trace.layers if spatial(layer)][-1]
        return f"the last {'spatial layer' if whole else 'activation or pool'} of the layers looked at"

    @property
    def behind_activations(self) -> bool:
        """Whether layers are compared behind activations only, and not one by one."""
        return len(self.units) < sum(map(spatial, self.trace.layers))

    def by_image(self, measure: str, layer: LayerTrace) -> Real:
        """Values of single images, (N,); NaN where there are none."""
        found = self.trace.by_image.get(measure)
        return np.full(self.trace.images, np.nan) if found is None else found[layer.depth]


@dataclass(frozen=True)
class Unit:
    """A few layers in a row.

    Attributes
    ----------
    layers
        In order of execution.
    hidden
        Whether positions got fewer on the way to it in layers that were not looked at.
    """

    layers: tuple[LayerTrace, ...]
    hidden: bool = False

    @property
    def end(self) -> LayerTrace:
        """Layer at which the unit is measured."""
        return self.layers[-1]

    @property
    def subsampling(self) -> LayerTrace | None:
        """Layer in it that subsamples: the end if that does, or else the first."""
        return next((layer for layer in (self.end, *self.layers) if layer.subsampling), None)


def units(layers: Sequence[LayerTrace], *, picked: bool = False) -> list[Unit]:
    """Put layers into units that end where maps compare: behind activations, pools, blurs.

    What a convolution or a normalisation gives has either sign, so its global sum may be about zero and any change of
    it is large in comparison; that says little on shiftability. A network without activations is taken layer by layer,
    and so are layers that were picked when no activation is among them: blocks end in what nobody looks at.
    """
    wide = [layer for layer in layers if spatial(layer)]
    ends = [layer for layer in wide if compares(layer)]
    if not any(map(_activation, ends)) and (picked or len(ends) < 2):
        ends = wide
    return [_unit(layers, before, end) for before, end in pairwise([None, *ends]) if end is not None]


def _unit(layers: Sequence[LayerTrace], before: LayerTrace | None, end: LayerTrace) -> Unit:
    """Layers behind one end up to the next."""
    first = 0 if before is None else before.depth + 1
    made = Unit(tuple(layers[first : end.depth + 1]))
    known = max((layer.stride[0] for layer in layers[:first] if layer.stride is not None), default=1.0)
    told = known * prod(layer.factor[0] for layer in made.layers)
    return replace(made, hidden=end.stride is not None and end.stride[0] > told)


def compares(layer: LayerTrace) -> bool:
    """Whether the global sums of a layer's maps are not about zero by construction."""
    kind = layer.kind.lower()
    return (
        _activation(layer) or "pool" in kind or (layer.subsampling and "conv" not in kind and "sequential" not in kind)
    )


def _activation(layer: LayerTrace) -> bool:
    kind = layer.kind.lower().strip("_")
    return kind in ACTIVATIONS or kind.replace("_", "") in ACTIVATIONS


def spatial(layer: LayerTrace) -> bool:
    """Whether the maps of a layer have more than one position."""
    return layer.stride is not None and layer.height * layer.width > 1
