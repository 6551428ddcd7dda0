"""Layers that everything passes through, read from the graph that autograd records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from biasscope.trace.blame.patching import Change, changed
from biasscope.trace.layer import Layer, Place
from biasscope.trace.places import layers_of
from biasscope.trace.probe import Probe
from biasscope.trace.watch import leaf, tensors

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict, nn.Identity, nn.Dropout, nn.Dropout2d)


@dataclass(frozen=True)
class Candidate:
    """A layer, and whether everything that the answer knows of the picture passes through it."""

    layer: Layer
    complete: bool


def trunk(model: nn.Module, example: Tensor, probed: Probe) -> list[Candidate]:
    """Modules that everything passes through, in order; of modules that give the same tensor one is kept.

    Notes
    -----
    That is the block where a block and its last layer give the same, and otherwise the innermost.
    """
    layers = [layer for layer in layers_of(probed, "*") if layer.place.name and type(layer.module) not in _CONTAINERS]
    nodes, cuts = _graph(model, example, [layer.place for layer in layers])
    kept: dict[Any, Layer] = {}
    for layer in layers:
        node = nodes.get(layer.place)
        if node is not None and node in cuts and (node not in kept or _better(layer, kept[node])):
            kept[node] = layer
    chosen = set(kept.values())
    return [Candidate(layer, True) for layer in layers if layer in chosen]


def candidates(model: nn.Module, example: Tensor, layers: Sequence[Layer]) -> list[Candidate]:
    """Say of every layer whether everything passes through it."""
    nodes, cuts = _graph(model, example, [layer.place for layer in layers])
    return [Candidate(layer, nodes.get(layer.place) in cuts) for layer in layers]


def _better(layer: Layer, other: Layer) -> bool:
    """A block goes before its last layer, but a sequence or a block of blocks does not."""
    inner, outer = other.module, layer.module
    return inner is not None and outer is not None and leaf(inner) and not isinstance(outer, nn.Sequential)


def _graph(model: nn.Module, example: Tensor, places: Iterable[Place]) -> tuple[dict[Place, Any], set[Any]]:
    """Node of every place in the graph, and the nodes that every path from the picture to the answer meets."""
    nodes: dict[Place, Any] = {}

    def note(place: Place) -> Change:
        def change(own: Tensor) -> Tensor:
            nodes[place] = own.grad_fn
            return own

        return change

    with torch.enable_grad(), changed(model, {place: note(place) for place in places}):
        x = example.detach().clone().requires_grad_()
        start = x.view_as(x)  # so that models may work in place on what they are given
        answer = next(tensors(model(start)), start)
    return nodes, _cuts(answer.grad_fn, start.grad_fn)


def _cuts(end: Any, start: Any) -> set[Any]:
    """Nodes on every path between two: as many paths lead through them as there are."""
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
    return {node for node in order if total and to_start[node] * from_end[node] == total}


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
