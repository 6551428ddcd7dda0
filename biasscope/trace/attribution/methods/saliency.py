"""Saliency: the gradient by the picture."""

from __future__ import annotations

from torch import Tensor, nn


def saliency(model: nn.Module, x: Tensor, targets: Tensor, layer: nn.Module, batch: int) -> Tensor:
    """Largest absolute gradient over the channels."""
    from captum.attr import Saliency

    gradient: Tensor = Saliency(model).attribute(x.detach().requires_grad_(), target=targets)
    return gradient.detach().amax(1)
