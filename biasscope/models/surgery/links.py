"""Values that one layer leaves for others of the same pass."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


class Link:
    """Holds one tensor during a pass. Copies and pickles of it are empty, and shared by the layers that shared it."""

    def __init__(self) -> None:
        self.value: Tensor | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Link:
        memo[id(self)] = new = type(self)()
        return new

    def __reduce__(self) -> tuple[type[Link], tuple[()]]:
        return type(self), ()


class KeepInput:
    """Forward pre-hook that leaves a module's first tensor, given by place or by name, in a link."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def __call__(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Keep the input."""
        self.link.value = next((value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)), None)


class Forget:
    """Forward hook that empties a link when the pass is over, so that neither the value nor its graph stays alive."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """Empty the link."""
        self.link.value = None


class KeepOutput:
    """Forward hook that leaves a module's output in a link."""

    def __init__(self, link: Link) -> None:
        self.link = link

    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Tensor) -> None:
        """Keep the output."""
        self.link.value = output
