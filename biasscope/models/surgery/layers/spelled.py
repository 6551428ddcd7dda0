"""A module whose forward is code that was written again, with modules in the place of functions."""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
from torch import fx, nn
from torch.nn.utils.parametrize import type_before_parametrizations

_FORWARD = "_spelled_forward"


def in_place(name: str, value: Any, other: Any) -> Any:
    """Give ``value += other``, which changes a tensor and makes another number; ``name`` is that of ``operator``."""
    return getattr(operator, name)(value, other)


class SpelledOut(nn.Module):
    """The parts, parameters and attributes of a module, and a forward that a graph of ``torch.fx`` says.

    Unlike ``fx.GraphModule`` it keeps parts that the forward does not use, in their order, and everything else that
    the module holds, in copies and pickles too. Other methods of the module's class are not there, and
    numbers and flags that the forward reads are in its code: setting them again changes nothing.

    Attributes
    ----------
    original
        Name of the module's class.
    source, names
        Code of the forward, and the functions that it calls.
    """

    def __init__(self, module: nn.Module, graph: fx.Graph) -> None:
        super().__init__()
        held = {name: dict(thing) if type(thing) is dict else thing for name, thing in vars(module).items()}
        vars(self).update(held)
        code = graph.python_code("self")
        self.original, self.source = type(module).__name__, code.src
        self.names = {name: thing for name, thing in code.globals.items() if not isinstance(thing, ModuleType)}
        self._compile()

    def forward(self, x: Any) -> Any:
        """Run the code."""
        return self._spelled_forward(self, x)

    _spelled_forward: Callable[..., Any]

    def __getstate__(self) -> dict[str, Any]:
        return {name: thing for name, thing in vars(self).items() if name != _FORWARD}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)  # type: ignore[no-untyped-call]
        self._compile()

    def _compile(self) -> None:
        names: dict[str, Any] = {"torch": torch, **self.names}
        exec(compile(self.source, f"<forward of {self.original}>", "exec"), names)  # noqa: S102 (what torch.fx wrote)
        vars(self)[_FORWARD] = names["forward"]

    def _get_name(self) -> str:
        return f"{self.original}, spelled out"


def class_name(module: nn.Module) -> str:
    """Name of a module's class as its author wrote it, whatever was put around its forward or its weights."""
    return module.original if isinstance(module, SpelledOut) else type_before_parametrizations(module).__name__
