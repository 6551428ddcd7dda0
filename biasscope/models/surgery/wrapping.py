"""How one layer is made to wrap around at the edges."""

from __future__ import annotations

from typing import cast

from torch import nn
from torch.nn.utils.parametrize import type_before_parametrizations

from biasscope.models.surgery.edit import Change
from biasscope.models.surgery.layers import (
    CircularAvgPool2d,
    CircularMaxPool2d,
    GuidedPacConv2d,
    PaddingLaw,
    SurgeryConv2d,
)
from biasscope.models.surgery.layers.convolution import Amount
from biasscope.models.surgery.layers.spelled import class_name
from biasscope.models.surgery.reading.follow import is_leaf
from biasscope.models.surgery.reading.placement import can_edit
from biasscope.models.surgery.reading.record import pair
from biasscope.models.surgery.reading.sites import refuse
from biasscope.nn import BlurPool2d, MaxBlurPool2d, PacConv2d, PacPool2d
from biasscope.nn._padding import reach


def own_change(name: str, module: nn.Module, shape: tuple[int, ...]) -> Change | None:
    """What lets the layer itself wrap around, if that changes anything; ``shape`` is that of its input."""
    if isinstance(module, nn.Conv2d):
        return _convolution(name, module, shape)
    if isinstance(module, (nn.MaxPool2d, nn.AvgPool2d)):
        return _pool(name, module, shape)
    if isinstance(module, MaxBlurPool2d):
        return _max_blur
    if isinstance(module, GuidedPacConv2d):
        return None if module.law is not None and module.law.wrap else _wrapping_pac
    if isinstance(module, (PacConv2d, PacPool2d)) and any(pair(module.padding)) and module.padding_mode != "circular":
        raise refuse(name, f"{class_name(module)} pads in a way that is not changed here", "Set its padding_mode.")
    return None


def _wrapping_pac(module: nn.Module) -> nn.Module:
    layer = cast(GuidedPacConv2d, module)
    law = layer.law or PaddingLaw(layer.kernel_size, layer.dilation, layer.padding, layer.padding_mode)
    layer.law, layer.padding = law._replace(wrap=True), (0, 0)
    return layer


def _convolution(name: str, conv: nn.Conv2d, shape: tuple[int, ...]) -> Change | None:
    taps = reach(conv.kernel_size, conv.dilation)
    padding = PaddingLaw.of(conv).stated()
    if padding == ((0, 0), (0, 0)) and not any(taps):
        return None
    if any(front > most for (front, _), most in zip(padding, taps, strict=True)):
        raise refuse(name, f"its padding {conv.padding} is wider than its window")
    already = conv.padding_mode == "circular" and _even(padding, taps) and is_leaf(conv)
    if getattr(conv, "wrap", False) or already:
        return None
    if not can_edit(conv):
        if padding == ((0, 0), (0, 0)) and conv.kernel_size == tuple(shape[-2:]):  # without an edge to wrap around
            return None
        raise refuse(name, f"{class_name(conv)} is not a plain nn.Conv2d")
    if type_before_parametrizations(conv) is nn.Conv2d and _even(padding, taps) and max(taps) <= 2:
        return _circular_mode

    def wrap(module: nn.Module) -> nn.Module:
        new = SurgeryConv2d.of(cast(nn.Conv2d, module))
        new.wrap = True
        return new

    return wrap


def _even(padding: tuple[Amount, Amount], taps: tuple[int, int]) -> bool:
    """Whether the padding keeps the map's size, so that circular padding is only another mode."""
    return all(front + behind == most for (front, behind), most in zip(padding, taps, strict=True))


def _circular_mode(module: nn.Module) -> nn.Module:
    """Change the mode alone; PyTorch refuses circular padding wider than the map, which one pixel never is."""
    assert isinstance(module, nn.Conv2d)  # noqa: S101
    module.padding_mode = "circular"
    return module


def _pool(name: str, pool: nn.MaxPool2d | nn.AvgPool2d, shape: tuple[int, ...]) -> Change | None:
    window = pair(pool.kernel_size)
    if window == (1, 1) or window == tuple(shape[-2:]):
        return None
    if getattr(pool, "return_indices", False) or getattr(pool, "divisor_override", None):
        raise refuse(name, "a pool with return_indices or divisor_override has no circular form here")
    stride, padding = pair(pool.stride), pair(pool.padding)
    if isinstance(pool, nn.MaxPool2d):
        dilation = pair(pool.dilation)
        return lambda _: CircularMaxPool2d(window, stride, padding, dilation)
    return lambda _: CircularAvgPool2d(window, stride, padding)


def _max_blur(module: nn.Module) -> nn.Module:
    assert isinstance(module, MaxBlurPool2d)  # noqa: S101
    module.circular_max = True
    return module


def blur_change(module: nn.Module) -> Change | None:
    """Let the blurs in a module wrap around."""
    if not any(isinstance(part, BlurPool2d) and part.padding_mode != "circular" for part in module.modules()):
        return None

    def change(current: nn.Module) -> nn.Module:
        for part in current.modules():
            if isinstance(part, BlurPool2d):
                part.padding_mode = "circular"
        return current

    return change
