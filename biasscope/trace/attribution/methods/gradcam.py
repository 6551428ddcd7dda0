"""Grad-CAM: maps of one layer, weighted by their mean gradient."""

from __future__ import annotations

from torch import Tensor, nn


def gradcam(model: nn.Module, x: Tensor, targets: Tensor, layer: nn.Module, batch: int) -> Tensor:
    """Positive part of the layer's weighted sum of maps, interpolated bilinearly to the picture's size."""
    from captum.attr import LayerAttribution, LayerGradCam

    maps = LayerGradCam(model, layer).attribute(x.detach().requires_grad_(), target=targets, relu_attributions=True)
    large = LayerAttribution.interpolate(maps.detach(), (x.shape[2], x.shape[3]), "bilinear")
    return large[:, 0]  # type: ignore[no-any-return]
