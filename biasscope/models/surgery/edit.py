"""Changing modules by name, after everything has been planned, so that a refusal leaves the model as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.prune import BasePruningMethod
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from biasscope.models.surgery.layers import SampledPReLU, SurgeryConv2d, sampled
from biasscope.models.surgery.layers.spelled import class_name
from biasscope.models.surgery.reading.follow import copied, refuse_no_module
from biasscope.models.surgery.reading.placement import Placement, can_sample
from biasscope.models.surgery.table import Kept, Replacement, add_to_table

Change = Callable[[nn.Module], nn.Module]
M = TypeVar("M", bound=nn.Module)


def own(model: M, inplace: bool) -> M:
    """Give the model itself or a copy that shares nothing with it; refuse what is no module."""
    refuse_no_module(model)
    return model if inplace else copied(model)


def like(model: nn.Module) -> Tensor:
    """Give a tensor of the device and floating type of a model's parameters."""
    return next((p for p in model.parameters() if p.is_floating_point()), torch.empty(0))


_HOOKS = (
    "_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called", "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs", "_backward_hooks", "_backward_pre_hooks", "_is_full_backward_hook",
)  # fmt: skip
_WEIGHT_MAKERS = (SpectralNorm, WeightNorm, BasePruningMethod)


def _hand_over_hooks(old: nn.Module, new: nn.Module) -> None:
    """Let hooks of a module run on what stands in its place, which gives maps of the size that it gave.

    Those that make its weights (spectral_norm, weight_norm, prune) stay with it: they need what they make them of.
    """
    none = vars(nn.Identity())
    for name in _HOOKS:
        vars(new)[name], vars(old)[name] = vars(old)[name], none[name]
    for key, hook in list(new._forward_pre_hooks.items()):
        if isinstance(hook, _WEIGHT_MAKERS):
            old._forward_pre_hooks[key] = new._forward_pre_hooks.pop(key)


def replace(model: M, name: str, change: Change) -> M:
    """Put ``change(module)`` in the place of a module, under every name that it has; gives the model."""
    old = model.get_submodule(name)
    modes = {id(part): part.training for part in old.modules()}
    new = change(old)
    for part in new.modules():
        part.training = modes.get(id(part), old.training)
    if new is not old:
        _hand_over_hooks(old, new)
    if not name:
        return new  # type: ignore[return-value]
    if new is not old:
        for full, module in list(model.named_modules(remove_duplicate=False)):
            if module is old:
                parent, _, last = full.rpartition(".")
                setattr(model.get_submodule(parent), last, new)
    return model


@dataclass
class Plan:
    """Changes to make and the rows that tell of them; sampling layers are added to what stands there after them."""

    changes: list[tuple[str, Change]] = field(default_factory=list)
    rows: list[Replacement] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    samplings: list[tuple[str, Change]] = field(default_factory=list)

    def carry_out(self, model: M) -> M:
        """Make every change and write the table."""
        for name, change in (*self.changes, *self.samplings):
            model = replace(model, name, change)
        add_to_table(model, self.rows, self.kept)
        return model


def unstrided(module: nn.Module) -> nn.Module:
    """The convolution with stride 1, where SAME padding stays that of the stride it had."""
    assert isinstance(module, nn.Conv2d)  # noqa: S101
    module.stride = (1, 1)
    return module


def with_sampler(placement: Placement, make: Callable[[str], nn.Module]) -> list[tuple[str, Change]]:
    """Changes that put a sampling layer where the placement says; ``make`` gives it for a module's name."""

    def change(name: str) -> Change:
        def apply(module: nn.Module) -> nn.Module:
            sampler = make(name)
            if placement.side == "slot" and isinstance(module, nn.PReLU):
                return SampledPReLU.of(module, sampler)
            if placement.side == "slot":
                return nn.Sequential(module, sampler)
            if not can_sample(module):
                plain = not isinstance(module, nn.Conv2d)  # pools have no parameters whose names would change
                return nn.Sequential(sampler, module) if plain else sampled(module, placement.side, sampler)
            conv: Any = SurgeryConv2d.of(module) if isinstance(module, nn.Conv2d) else module
            if placement.side == "front":
                conv.before = sampler if conv.before is None else nn.Sequential(conv.before, sampler)
            else:
                conv.after = sampler if conv.after is None else nn.Sequential(sampler, conv.after)
            return cast(nn.Module, conv)

        return apply

    return [(name, change(name)) for name in placement.names]


def described(module: nn.Module) -> str:
    """Class and arguments of a layer on one line."""
    return f"{class_name(module)}({module.extra_repr()})"
