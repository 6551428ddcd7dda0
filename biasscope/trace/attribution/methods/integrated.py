"""Integrated gradients: gradients on the way from a grey picture to this one."""

from __future__ import annotations

from torch import Tensor, nn

STEPS = 24


def integrated_gradients(model: nn.Module, x: Tensor, targets: Tensor, layer: nn.Module, batch: int) -> Tensor:
    """Sum over the channels, with its sign, from the zero picture (the mean colour) in 24 Gauss-Legendre steps."""
    from captum.attr import IntegratedGradients

    start = x.detach().requires_grad_()
    found: Tensor = IntegratedGradients(model).attribute(
        start, target=targets, n_steps=STEPS, internal_batch_size=max(batch, len(x))
    )
    return found.detach().to(x.dtype).sum(1)
