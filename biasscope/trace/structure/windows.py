"""Windows that layers read their input through, and the arithmetic of convolutions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.nn.utils.parametrize import type_before_parametrizations

from biasscope.models.architectures.layers import SubsampleShortcut
from biasscope.models.surgery.layers import (
    BlurredAvgPool2d,
    CircularAvgPool2d,
    CircularMaxPool2d,
    PaddingLaw,
    SampledPReLU,
    SurgeryConv2d,
)
from biasscope.nn.antialias.blur import BlurPool2d
from biasscope.nn.antialias.conv import AntialiasedConv2d
from biasscope.nn.antialias.maxpool import MaxBlurPool2d
from biasscope.nn.polyphase import PolyphaseSampling2d
from biasscope.trace.layer import Size


class Window(NamedTuple):
    """Along one axis: taps, step, distance of the taps, padding in front and behind."""

    kernel: int
    stride: int = 1
    dilation: int = 1
    front: int = 0
    behind: int = 0


Axes = tuple[Window, Window]
POINT: Axes = (Window(1), Window(1))


def position_grid(side: int, windows: Iterable[Window], *, ceil_mode: bool = False) -> int:
    """Positions that are left along an axis: the arithmetic of convolutions.

    Parameters
    ----------
    side
        Pixels.
    windows
        Of the layers, one after the other.
    ceil_mode
        Whether a window that starts inside but ends outside counts.

    Notes
    -----
    Fewer positions are not invariance within one: what a position answers still depends on the phase, the shift mod
    stride.

    Examples
    --------
    Four convolutions of 7 pixels, each before a 2 x 2 pool, leave 13 of 300 pixels: 23.1 pixels a position, although
    the product of strides is 16.

    >>> grid = position_grid(300, [Window(7), Window(2, 2)] * 4)
    >>> grid, round(300 / grid, 1)
    (13, 23.1)
    """
    for window in windows:
        room = side + window.front + window.behind - window.dilation * (window.kernel - 1) - 1
        if room < 0:
            return 0
        side = (-(-room // window.stride) if ceil_mode else room // window.stride) + 1
    return side


def windows_of(module: nn.Module, size: Size) -> list[Axes] | None:
    """Windows of a module for a map of ``size``, one after the other; ``None`` if it is not known.

    Examples
    --------
    >>> windows_of(nn.Conv2d(1, 1, 3, 2, 1), (8, 8))[0][0]
    Window(kernel=3, stride=2, dilation=1, front=1, behind=1)
    """
    if isinstance(module, nn.Conv2d):
        return _of_convolution(module, size)
    if type(module) is SampledPReLU:
        return _sampling(module.sampler)
    if type(module) is MaxBlurPool2d:
        pool = _axes(module.kernel_size, 1, module.dilation, 0 if module.circular_max else module.padding)
        return [pool, _blur(module.blur)]
    if type(module) is BlurPool2d:
        return [_blur(module)]
    if type(module) is BlurredAvgPool2d:
        return [_axes(module.kernel_size, 1, 1, module.padding), _blur(module.blur)]
    if type(module) is SubsampleShortcut:
        return [_axes(1, module.stride, 1, 0)]
    if type(module) in (nn.MaxPool2d, CircularMaxPool2d, CircularAvgPool2d):
        return [_axes(module.kernel_size, module.stride, module.dilation, module.padding)]
    if isinstance(module, (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)):
        return _adaptive(module.output_size, size)
    if type(module) is nn.AvgPool2d:
        return [_axes(module.kernel_size, module.stride, 1, module.padding)]
    return None


def windows_of_function(kind: str, inputs: Any, size: Size) -> list[Axes] | None:
    """Windows of a pooling function that was called with (args, kwargs); ``None`` if it is not known."""
    args, kwargs = inputs
    names = {
        "max_pool2d": ("input", "kernel_size", "stride", "padding", "dilation"),
        "avg_pool2d": ("input", "kernel_size", "stride", "padding"),
    }.get(kind)
    if names is None:
        return None
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    kernel = given["kernel_size"]
    return [_axes(kernel, given.get("stride") or kernel, given.get("dilation", 1), given.get("padding", 0))]


def _convolution(conv: nn.Conv2d, size: Size, stride: Size) -> Axes:
    law = PaddingLaw.of(conv)
    first, second = (
        Window(conv.kernel_size[axis], stride[axis], conv.dilation[axis], *law.amount(size[axis], axis))
        for axis in (0, 1)
    )
    return first, second


def _of_convolution(conv: nn.Conv2d, size: Size) -> list[Axes] | None:
    own = _convolution(conv, size, (conv.stride[0], conv.stride[1]))
    kind = type_before_parametrizations(conv)
    if isinstance(conv, AntialiasedConv2d) and kind is AntialiasedConv2d:
        return [own, _blur(conv.blur)]
    if isinstance(conv, SurgeryConv2d) and kind is SurgeryConv2d:
        return _together(_sampling(conv.before), [own], _sampling(conv.after))
    return [own] if kind is nn.Conv2d else None


def _sampling(layer: nn.Module | None) -> list[Axes] | None:
    """Windows of what surgery puts in front of a layer or behind it; polyphase keeps one pixel of each cell."""
    if layer is None or type(layer) is nn.Identity:
        return []
    if type(layer) is BlurPool2d:
        return [_blur(layer)]
    return [_axes(1, layer.stride, 1, 0)] if type(layer) is PolyphaseSampling2d else None


def _together(*parts: list[Axes] | None) -> list[Axes] | None:
    return None if any(part is None for part in parts) else [axes for part in parts for axes in part or []]


def _adaptive(output: Any, size: Size) -> list[Axes] | None:
    """Windows of an adaptive pool where they are all of one size."""
    wanted = [side if out is None else int(out) for side, out in zip(size, _sides(output), strict=True)]
    if any(side % out for side, out in zip(size, wanted, strict=True)):
        return None
    step = size[0] // wanted[0], size[1] // wanted[1]
    return [_axes(step, step, 1, 0)]


def _sides(output: Any) -> tuple[Any, Any]:
    return tuple(output) if isinstance(output, (tuple, list)) else (output, output)


def _blur(blur: BlurPool2d) -> Axes:
    taps = blur.filter_size
    first, second = (Window(taps, stride, 1, (taps - 1) // 2, taps // 2) for stride in blur.stride)
    return first, second


def _axes(kernel: Any, stride: Any, dilation: Any, padding: Any) -> Axes:
    k, s, d, p = (_pair(value) for value in (kernel, kernel if stride is None else stride, dilation, padding))
    return Window(k[0], s[0], d[0], p[0], p[0]), Window(k[1], s[1], d[1], p[1], p[1])


def _pair(value: int | Sequence[int] | Tensor) -> Size:
    if isinstance(value, int):
        return value, value
    values = [int(part) for part in value]
    return values[0], values[-1]
