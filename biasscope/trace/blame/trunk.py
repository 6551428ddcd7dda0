"""Layers that everything passes through, read from the graph that autograd records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.models.failures import networks_own
from biasscope.models.outputs import scores, tensors
from biasscope.trace.blame.gradient import check_gradient
from biasscope.trace.blame.patching import Change, changed
from biasscope.trace.layer import Layer, Place
from biasscope.trace.places import layers_of
from biasscope.trace.probe import Probe
from biasscope.trace.watch import leaf

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.Identity, nn.Dropout, nn.Dropout2d)


@dataclass(frozen=True)
class Candidate:
    """A layer, whether everything that the answer knows of the picture passes through it, and what it gathers.

    Attributes
    ----------
    layer, complete
        The layer and whether it is complete.
    gathers
        Names of the layers in branches that end in it and are not a part of it: patching it undoes what they did too.
    """

    layer: Layer
    complete: bool
    gathers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Selection:
    """Layers to patch.

    Attributes
    ----------
    chosen, open_ended
        In order; names of the layers in branches that no layer of the trunk follows.
    outputs
        How many numbers the network gives a picture.
    draws
        From where on a network answers two copies of one picture differently, as in `Probe`.
    """

    chosen: list[Candidate]
    open_ended: tuple[str, ...]
    outputs: int = 0
    draws: str = ""


def trunk(model: nn.Module, example: Tensor, probed: Probe) -> list[Candidate]:
    """Modules that everything passes through, in order; of modules that give the same tensor one is kept.

    Notes
    -----
    That is the block where a block and its last layer give the same, and otherwise the innermost. There is none where
    no gradient of the answer reaches the picture.
    """
    layers = _modules(probed)
    graph = _graph(model, example, [layer.place for layer in layers])
    return [Candidate(layer, complete=True) for layer in _trunk(layers, graph)]


def selection(model: nn.Module, example: Tensor, probed: Probe, wanted: Sequence[Layer] | None = None) -> Selection:
    """Layers to patch: those that are wanted; or the trunk, and the layers in branches that no block of it holds.

    Raises
    ------
    UsageError
        No gradient of the answer reaches the picture, no module lies on the way, or a function is wanted.
    """
    outputs = check_gradient(model, example)
    layers = _modules(probed)
    graph = _graph(model, example, [layer.place for layer in [*layers, *(wanted or [])]])
    leaves = [layer for layer in layers if layer.module is not None and leaf(layer.module)]
    branches = [layer.place for layer in leaves if graph.nodes.get(layer.place) in graph.branches]
    chosen = _trunk(layers, graph) if wanted is None else list(wanted)
    complete = {layer.place for layer in chosen if graph.nodes.get(layer.place) in graph.cuts}
    gathered, open_ended = _gathered(probed, branches, complete)
    if wanted is None:
        held = {place for place in branches if any(_inside(place, other) for other in complete)}
        chosen = [layer for layer in layers if layer.place in complete or layer.place in {*branches} - held]
    if not chosen:
        raise UsageError("no module of this network lies on the way from the picture to its answer")
    made = [Candidate(layer, layer.place in complete, gathered.get(layer.place, ())) for layer in chosen]
    return Selection(made, open_ended, outputs, probed.draws)


def _modules(probed: Probe) -> list[Layer]:
    rows = layers_of(probed, "*")
    return [layer for layer in rows if layer.place.name and type(layer.module) not in _CONTAINERS]


def _trunk(layers: Sequence[Layer], graph: _Graph) -> list[Layer]:
    kept: dict[Any, Layer] = {}
    for layer in layers:
        node = graph.nodes.get(layer.place)
        if node is not None and node in graph.cuts and (node not in kept or _better(layer, kept[node])):
            kept[node] = layer
    chosen = set(kept.values())
    return [layer for layer in layers if layer in chosen]


def _gathered(
    probed: Probe, branches: Iterable[Place], complete: set[Place]
) -> tuple[dict[Place, tuple[str, ...]], tuple[str, ...]]:
    """Layers in branches by the complete layer that they end in, and those behind the last; in order of execution."""
    left, waiting = set(branches), []
    found: dict[Place, tuple[str, ...]] = {}
    for row in probed.seen:
        if row.place in left:
            waiting.append(row.place)
        elif row.place in complete:
            found[row.place] = _names(place for place in waiting if not _inside(place, row.place))
            waiting = []
    return found, _names(waiting)


def _names(places: Iterable[Place]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(place.name for place in places))


def _inside(place: Place, other: Place) -> bool:
    return place.name.startswith(f"{other.name}.")


def _better(layer: Layer, other: Layer) -> bool:
    """A block goes before its last layer, but a sequence or a block of blocks does not."""
    inner, outer = other.module, layer.module
    return inner is not None and outer is not None and leaf(inner) and not isinstance(outer, nn.Sequential)


@dataclass(frozen=True)
class _Graph:
    """Node of every place; nodes on every path from the picture to the answer, and on some."""

    nodes: dict[Place, Any]
    cuts: set[Any]
    branches: set[Any]


def _graph(model: nn.Module, example: Tensor, places: Iterable[Place]) -> _Graph:
    """What autograd records of a pass."""
    nodes: dict[Place, Any] = {}

    def note(place: Place) -> Change:
        def change(own: Tensor) -> Tensor:
            nodes[place] = own.grad_fn
            return own

        return change

    with torch.enable_grad(), changed(model, {place: note(place) for place in places}):
        x = example.detach().clone().requires_grad_()
        start = x.clone()  # so that models may work in place on what they are given
        with networks_own(example.shape[1:]):
            output = model(start)
    found = scores(output)
    answer = next(tensors(output), start) if found is None else found
    if answer.grad_fn is None:
        return _Graph(nodes, set(), set())
    return _Graph(nodes, *_cuts(answer.grad_fn, start.grad_fn))


def _cuts(end: Any, start: Any) -> tuple[set[Any], set[Any]]:
    """Nodes on every path between two (as many paths lead through them as there are), and nodes on some."""
    order = _order(end)
    to_start = dict.fromkeys(order, 0)
    for node in order:
        below = sum(to_start[other] for other, _ in node.next_functions if other is not None)
        to_start[node] = 1 if node is start else below
    from_end = dict.fromkeys(order, 0)
    from_end[end] = 1
    for node in reversed(order):
        for other, _ in node.next_functions:
            if other is not None and node is not start:
                from_end[other] += from_end[node]
    total = to_start[end]
    through = {node: to_start[node] * from_end[node] for node in order}
    cuts = {node for node in order if total and through[node] == total}
    return cuts, {node for node in order if 0 < through[node] < total}


def _order(end: Any) -> list[Any]:
    """Nodes below ``end``, each behind everything that it depends on."""
    done: dict[Any, None] = {}
    waiting = [(end, False)]
    while waiting:
        node, ready = waiting.pop()
        if ready:
            done[node] = None
        elif node not in done:
            waiting.append((node, True))
            waiting += [(other, False) for other, _ in node.next_functions if other is not None and other not in done]
    return list(done)
