"""Runs views through a network and hands the maps of every traced layer to its measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

from biasscope.core.errors import UsageError
from biasscope.models.failures import networks_own
from biasscope.models.outputs import tensors
from biasscope.trace.chunk import Chunk, Layout
from biasscope.trace.dense import dense_form
from biasscope.trace.layer import Layer, Place, Size, Stride
from biasscope.trace.measures import MEASURES
from biasscope.trace.measures.lie import forward_mode, moving
from biasscope.trace.measures.measure import Measure
from biasscope.trace.reading import Reading, not_finite
from biasscope.trace.samples import SampleSums
from biasscope.trace.shifts import Geometry, Plan, geometry
from biasscope.trace.watch import Call, Watch
from biasscope.transforms.transformation import Views

AMP = {None: None, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Traced:
    """A layer, its measures by name with its number in them, and the sums that are shown of it."""

    layer: Layer
    measures: dict[str, tuple[Measure, int]]
    sums: SampleSums

    def update(self, reading: Reading, tangent: bool) -> None:
        """Hand maps to the measures that read such."""
        for measure, number in self.measures.values():
            if measure.reads == "tangent" if tangent else _reads(measure, reading.chunk):
                measure.update(number, reading)
        if not tangent:
            self.sums.update(reading)


def traced_layers(
    layers: Sequence[Layer], plan: Plan, wanted: Mapping[str, Mapping[str, Any]], samples: int
) -> list[Traced]:
    """Make the measures (name to options) for the layers at which they are defined.

    Raises
    ------
    UsageError
        A measure does not take an option.
    """
    found: list[dict[str, tuple[Measure, int]]] = [{} for _ in layers]
    for name, options in wanted.items():
        kind: type[Measure] = MEASURES.load(name)
        places = [place for place, layer in enumerate(layers) if kind.applies(layer, plan)]
        if not places:
            continue
        try:
            measure = kind([layers[place] for place in places], plan, **options)
        except TypeError as error:
            raise UsageError(f"{name} does not take these options: {error}") from error
        for number, place in enumerate(places):
            found[place][name] = measure, number
    sums = (SampleSums(layer.channels, plan, samples) for layer in layers)
    return [Traced(layer, made, kept) for layer, made, kept in zip(layers, found, sums, strict=True)]


def _reads(measure: Measure, chunk: Chunk) -> bool:
    return measure.reads == "views" or (measure.reads == "reference" and chunk.first)


class Engine:
    """Runs pictures through a network; nothing that a layer gives outlives the call of its hook.

    Parameters
    ----------
    model
        In evaluation mode.
    traced
        Layers with their measures.
    plan, layout
        Shifts, and how they go into batches.
    shape
        Of the network's input, (C, H, W).
    like
        A tensor of the input's type and device.
    functional
        Whether functions are listened to.
    amp
        ``"bf16"`` or ``"fp16"`` for autocast.

    Attributes
    ----------
    infinite
        Numbers of the pictures for which the network's class scores are not finite, in some view.
    uneven
        Layers that gave other than one map of the probed size for each picture, in some pass: what is cut out around
        objects that a network finds. They are measured no further.
    """

    def __init__(
        self, model: nn.Module, traced: Sequence[Traced], plan: Plan, layout: Layout, shape: Sequence[int],
        like: Tensor, *, functional: bool = False, amp: str | None = None,
    ) -> None:  # fmt: skip
        self._model, self._traced, self._plan, self._layout = model, traced, plan, layout
        self._batch = like.new_empty(layout.pictures * layout.views, *shape)
        self._functional, self._amp = functional, AMP[amp]
        self._places = _by_call(traced, plan.wraps)
        self._geometry: dict[tuple[Stride | None, Size, tuple[int, ...]], Geometry] = {}
        self._chunk: Chunk | None = None
        self._bad: list[Tensor] = []
        self.infinite: list[int] = []
        self.uneven: set[Layer] = set()
        self._axis: int | None = None
        self._measures = list({id(m): m for one in traced for m, _ in one.measures.values()}.values())
        reads = {measure.reads for measure in self._measures}
        self._views, self._tangents = "views" in reads, "tangent" in reads

    def watch(self) -> Watch:
        """Hooks at the traced layers, for the time of a ``with``."""
        names = {one.layer.place.name for one in self._traced if one.layer.module is not None}
        return Watch(self._model, self._receive, names, self._functional)

    def run(self, watch: Watch, views: Views, pictures: Sequence[int]) -> None:
        """Take one group of pictures in, numbered ``pictures`` in the trace."""
        for chunk in self._layout.chunks(tuple(pictures), self._plan.others, self._plan.reference):
            if self._views or chunk.first:
                self._forward(watch, views, chunk)
        if self._tangents:
            self._derive(watch, views, pictures)
        for measure in self._measures:
            measure.finish()
        if self._bad:
            bad = torch.stack(self._bad).any(0).tolist()
            self.infinite += [number for number, yes in zip(pictures, bad, strict=False) if yes]
            self._bad.clear()

    def _forward(self, watch: Watch, views: Views, chunk: Chunk) -> None:
        numbers, places = chunk.slots
        views.write(self._batch, numbers, [place - chunk.pictures[0] for place in places])
        self._chunk, self._axis = chunk, None
        chunk.shared["batch"] = self._batch
        watch.begin()
        with networks_own(self._batch.shape[1:]), self._precision():
            output = self._model(self._batch)
        self._bad += not_finite(output, chunk)
        for measure in self._measures:
            if _reads(measure, chunk):
                measure.chunk_done(chunk)

    def _derive(self, watch: Watch, views: Views, pictures: Sequence[int]) -> None:
        """Forward-mode derivatives of the references' responses by a shift of the picture, down and then right.

        Without autocast, whose mixed types forward mode does not take.
        """
        room = (self._layout.pictures, 1)
        self._chunk = Chunk(tuple(pictures), (self._plan.reference,), room, True, True)
        numbers, places = self._chunk.slots
        batch = self._batch[: room[0]]
        for self._axis in (0, 1):
            views.write(batch, numbers, [place - pictures[0] for place in places])
            watch.begin()
            with networks_own(batch.shape[1:]), forward_mode(), forward_ad.dual_level():
                self._model(forward_ad.make_dual(batch.clone(), moving(batch, self._axis)))  # type: ignore[no-untyped-call]
        self._axis = None

    def _precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(self._batch.device.type, self._amp) if self._amp else nullcontext()

    def _receive(self, call: Call) -> None:
        for one, dense in self._places.get((call.name, call.number), ()):
            output = next(tensors(call.inputs)) if dense else _tensor(call.output, one.layer.place.item)
            output = dense(output) if dense else output
            if self._uneven(one.layer, output):
                continue
            assert self._chunk is not None  # noqa: S101 (set before each pass)
            size = (output.shape[one.layer.axes[0]], output.shape[one.layer.axes[1]])
            key = one.layer.stride, size, self._chunk.views
            if key not in self._geometry:
                self._geometry[key] = geometry(self._plan, *key)
            reading = Reading(
                one.layer, self._chunk, output, call.inputs, self._geometry[key], wraps=self._plan.wraps,
                axis=self._axis,
            )  # fmt: skip
            one.update(reading, self._axis is not None)

    def _uneven(self, layer: Layer, output: Tensor) -> bool:
        """Whether a layer gives, or gave before, something else than one map of the probed size for each picture."""
        rows = len(self._batch) if self._axis is None else self._layout.pictures
        size = (layer.channels, *layer.size)
        if len(output) != rows or (layer.maps(output).shape[1:] != size and not layer.place.dense):
            self.uneven.add(layer)
        return layer in self.uneven


def _tensor(output: Any, item: int) -> Tensor:
    return output if isinstance(output, Tensor) else list(tensors(output))[item]


Dense = Callable[[Tensor], Tensor]


def _by_call(traced: Sequence[Traced], wraps: bool) -> dict[tuple[str, int], list[tuple[Traced, Dense | None]]]:
    """Layers by the call that gives them, with the function that makes dense ones."""
    found: dict[tuple[str, int], list[tuple[Traced, Dense | None]]] = {}
    for one in traced:
        place: Place = one.layer.place
        form = dense_form(one.layer.module, wraps) if place.dense else None
        found.setdefault((place.name, place.call), []).append((one, form[1] if form else None))
    return found
