"""Sampling layers around convolutions of a class of their own, by hooks: their class, forward and names stay."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn


class SampleInput:
    """Forward pre-hook that hands a module's map to the sampling layer which stands in it as ``before``."""

    def __call__(self, module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Sample the map."""
        return (module.get_submodule("before")(args[0]), *args[1:])


class SampleOutput:
    """Forward hook that hands what a module gives to the sampling layer which stands in it as ``after``."""

    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor:
        """Sample the map."""
        made: Tensor = module.get_submodule("after")(output)
        return made


def sampled(module: nn.Module, side: str, sampler: nn.Module) -> nn.Module:
    """Let a module sample what it is given (``front``) or gives (any other side)."""
    name = "before" if side == "front" else "after"
    there = getattr(module, name, None)
    if there is None:
        setattr(module, name, sampler)
        hooks: Any = module.register_forward_pre_hook if side == "front" else module.register_forward_hook
        hooks(SampleInput() if side == "front" else SampleOutput())
    else:
        setattr(module, name, nn.Sequential(there, sampler) if side != "front" else nn.Sequential(sampler, there))
    return module
