"""Sampling layers around convolutions of a class of their own, by hooks: their class, forward and names stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn


@dataclass(frozen=True)
class SampleInput:
    """Forward pre-hook that hands a module's map to the sampling layer which stands in it under a name."""

    name: str

    def __call__(self, module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Sample the map."""
        return (module.get_submodule(self.name)(args[0]), *args[1:])


@dataclass(frozen=True)
class SampleOutput:
    """Forward hook that hands what a module gives to the sampling layer which stands in it under a name."""

    name: str

    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor:
        """Sample the map."""
        made: Tensor = module.get_submodule(self.name)(output)
        return made


def sampled(module: nn.Module, side: str, sampler: nn.Module) -> nn.Module:
    """Let a module sample what it is given (``front``), behind what samples there, or gives (any other side), before.

    Other hooks are given what they were given: maps before the sampling in front, and behind the sampling at the end.
    """
    front = side == "front"
    hooks = (*module._forward_pre_hooks.values(), *module._forward_hooks.values())
    name = next((hook.name for hook in hooks if isinstance(hook, SampleInput if front else SampleOutput)), None)
    if name is not None:
        there = module.get_submodule(name)
        setattr(module, name, nn.Sequential(there, sampler) if front else nn.Sequential(sampler, there))
        return module
    base = "before" if front else "after"
    name = next(free for free in (base, *(f"{base}_{i}" for i in range(10**6))) if not hasattr(module, free))
    module.add_module(name, sampler)
    if front:
        module.register_forward_pre_hook(SampleInput(name))
    else:
        module.register_forward_hook(SampleOutput(name), prepend=True)
    return module
