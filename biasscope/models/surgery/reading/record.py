"""What happened in one forward pass: which step made which value, from which values, in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any


def pair(value: Any) -> tuple[int, int]:
    """(vertical, horizontal) of a layer's argument."""
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[1]))


@dataclass(frozen=True)
class Node:
    """One step of the pass.

    Attributes
    ----------
    index
        Place in the order of execution.
    op
        Name of the module's class or of the function.
    where
        Name of the module; for a function, of the module whose ``forward`` called it.
    is_module
        Whether this is a module (a function otherwise).
    inputs, outputs
        Numbers of the values read and made.
    arguments
        Positional arguments of a function, tensors replaced by ``None``.
    stored
        Whether it reads numbers that the model stores, more than a single one.
    elementwise
        Whether this is several steps that together are an activation.
    within
        Names of the modules that ran in those steps, besides this one.
    window
        Rows and columns that a convolution or pool called as a function reads for one pixel.
    """

    index: int
    op: str
    where: str
    is_module: bool
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    arguments: tuple[Any, ...] = ()
    stored: bool = False
    elementwise: bool = False
    within: tuple[str, ...] = ()
    window: tuple[int, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the modules that ran in this step."""
        return (*self.within, self.where) if self.is_module else self.within


@dataclass
class Record:
    """Everything that happened in one pass, in order; what went in and what came out.

    Of every value the shape, and which of its axes are rows and columns where that is known.
    """

    nodes: list[Node] = field(default_factory=list)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    source: int = 0
    results: frozenset[int] = frozenset()
    axes: dict[int, frozenset[int]] = field(default_factory=dict)

    def consumers(self, value: int) -> list[Node]:
        """Steps that read a value."""
        return [node for node in self.nodes if value in node.inputs]

    def calls(self, name: str) -> int:
        """How often a module ran, also as a part of what counts as one step."""
        return sum(node.names.count(name) for node in self.nodes)

    def ancestors(self, node: Node) -> list[Node]:
        """Every step that a step depends on."""
        makers = {value: other for other in self.nodes for value in other.outputs}
        found: dict[int, Node] = {}
        waiting = list(node.inputs)
        while waiting:
            maker = makers.get(waiting.pop())
            if maker is not None and maker.index not in found:
                found[maker.index] = maker
                waiting.extend(maker.inputs)
        return list(found.values())


def same_steps(one: Record, other: Record) -> bool:
    """Whether two passes did the same, where steps that are functions in one may be modules in the other."""
    (ours, gave), (theirs, given) = _told(one), _told(other)
    alike = gave == given and [facts for _, facts in ours] == [facts for _, facts in theirs]
    pairs = [(a, b) for (a, _), (b, _) in zip(ours, theirs, strict=False) if a.is_module == b.is_module]
    return alike and all(repr(a.arguments) == repr(b.arguments) for a, b in pairs)


def _told(record: Record) -> tuple[list[tuple[Node, tuple[Any, ...]]], set[int]]:
    """Steps with what they did, values numbered as they come, and the values given; dropout passes its value on."""
    number, fresh = {record.source: 0}, count(1)
    steps = list[tuple[Node, tuple[Any, ...]]]()
    for node in record.nodes:
        read = [number[value] if value in number else number.setdefault(value, next(fresh)) for value in node.inputs]
        made = read if node.op == "dropout" else [next(fresh) for _ in node.outputs]
        number.update(zip(node.outputs, made, strict=True))
        if node.op != "dropout":
            shapes = [record.shapes[value] for value in node.outputs]
            steps.append((node, (node.op.replace("_", "").lower(), read, made, shapes)))
    return steps, {number[value] for value in record.results if value in number}
