"""Tensors of a forward pass by number, and how each holds its positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from biasscope.models.outputs import tensors
from biasscope.upsampling.layout import LOST, Held, passed, start


class Values:
    """Tensors that were seen; they are kept so that the id of each stays its own.

    Examples
    --------
    >>> import torch
    >>> seen, x = Values(), torch.zeros(1, 3, 8, 8)
    >>> seen.add(x), seen.known([x, torch.ones(2)])
    (0, (0,))
    """

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._held: list[Held] = []
        self._alive: list[Tensor] = []

    def add(self, tensor: Tensor, held: Held | None = None) -> int:
        """Give a tensor a new number."""
        self._numbers[id(tensor)] = len(self._held)
        self._held.append(start(tensor.shape) if held is None else held)
        self._alive.append(tensor)
        return len(self._held) - 1

    def known(self, thing: Any) -> tuple[int, ...]:
        """Numbers of the tensors in something that have been seen."""
        found = (self._numbers.get(id(tensor)) for tensor in tensors(thing))
        return tuple(dict.fromkeys(number for number in found if number is not None))

    def of(self, tensor: Tensor) -> tuple[int, Held]:
        """Number of a tensor (0 if it was never seen), and how it holds its positions."""
        number = self._numbers.get(id(tensor))
        return (0, LOST) if number is None else (number, self._held[number])

    def behind(self, function: str, stem: str, name: str, inputs: Sequence[int], before: Tensor, after: Tensor) -> Held:
        """How what a call makes holds its positions."""
        return passed(function, stem, name, [self._held[number] for number in inputs], before.shape, after.shape)

    def maps(self, inputs: Sequence[int], before: Tensor) -> bool:
        """Whether a value is read that certainly is (N, C, ...) and has as many axes."""
        held = (self._held[number] for number in inputs)
        return any(one.maps and len(one.sides or ()) == before.dim() - 2 for one in held)

    def forget(self) -> None:
        """Let go of the tensors; their numbers stay."""
        self._alive.clear()
