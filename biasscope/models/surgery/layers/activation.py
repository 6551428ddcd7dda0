"""Activations with a sampling layer behind."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from biasscope.nn._fx import one_step


class SampledPReLU(nn.PReLU):
    """``nn.PReLU`` with a sampling layer behind; keeps the module, its name and its parameter, so state dicts fit."""

    sampler: nn.Module

    @classmethod
    def of(cls, activation: nn.PReLU, sampler: nn.Module) -> SampledPReLU:
        """Turn a plain activation into this class in place."""
        activation.__class__ = cls
        activation.sampler = sampler
        return cast(SampledPReLU, activation)

    @one_step
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name that nn.PReLU gives it)
        """Activate, sample."""
        out: Tensor = self.sampler(super().forward(input))
        return out
