"""One model, traced: what every table and sentence starts from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

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
    """

    subject: Subject
    transformation: Transformation
    trace: Trace
    functions: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Label of the model."""
        return self.subject.label

    @cached_property
    def units(self) -> list[Unit]:
        """Layers in groups, each up to an activation, a pool or another layer whose maps compare with those."""
        return units(self.trace.layers)

    @cached_property
    def last(self) -> LayerTrace:
        """Last layer whose maps still have positions, preferably one that ends a unit."""
        wide = [unit.end for unit in self.units if _spatial(unit.end)]
        every = [layer for layer in self.trace.layers if _spatial(layer)]
        return (wide or every or list(self.trace.layers))[-1]

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
    """

    layers: tuple[LayerTrace, ...]

    @property
    def end(self) -> LayerTrace:
        """Layer at which the unit is measured."""
        return self.layers[-1]

    @property
    def subsampling(self) -> LayerTrace | None:
        """Layer in it that subsamples."""
        return next((layer for layer in self.layers if layer.subsampling), None)


def units(layers: tuple[LayerTrace, ...]) -> list[Unit]:
    """Put layers into units that end where maps compare: behind activations, pools, blurs.

    What a convolution or a normalisation gives has either sign, so its global sum may be about zero and any change of
    it is large in comparison; that says little on shiftability. A network without activations is taken layer by layer.
    """
    made: list[Unit] = []
    first = 0
    for place, layer in enumerate(layers):
        if compares(layer):
            made.append(Unit(layers[first : place + 1]))
            first = place + 1
    spatial = [unit for unit in made if _spatial(unit.end)]
    return spatial if len(spatial) > 1 else [Unit((layer,)) for layer in layers if _spatial(layer)]


def compares(layer: LayerTrace) -> bool:
    """Whether the global sums of a layer's maps are not about zero by construction."""
    kind = layer.kind.lower().strip("_")
    activation = kind in ACTIVATIONS or kind.replace("_", "") in ACTIVATIONS
    return activation or "pool" in kind or (layer.subsampling and "conv" not in kind and "sequential" not in kind)


def _spatial(layer: LayerTrace) -> bool:
    return layer.stride is not None and layer.height * layer.width > 1
