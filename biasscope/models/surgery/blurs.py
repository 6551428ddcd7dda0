"""The blurs of one anti-aliasing operation: what stands in the place of a pool or of slicing."""

from __future__ import annotations

from functools import partial
from typing import cast

from torch import nn

from biasscope.models.architectures.layers import SubsampleShortcut
from biasscope.models.surgery.edit import Change, like
from biasscope.models.surgery.layers import BlurredAvgPool2d, ByChannels, CircularAvgPool2d, CircularMaxPool2d
from biasscope.models.surgery.reading.record import Record, pair
from biasscope.models.surgery.reading.sites import Site, refuse
from biasscope.nn import BlurPool2d, MaxBlurPool2d
from biasscope.nn._checks import PaddingMode


class Blurs:
    """Makes the blurs of one operation."""

    def __init__(self, model: nn.Module, record: Record, filter_size: int, mode: PaddingMode | None) -> None:
        self.model, self.record, self.filter_size = model, record, filter_size
        self.mode: PaddingMode = mode or ("circular" if any(map(_wraps, model.modules())) else "reflect")
        self.like = like(model)

    def blur(self, channels: int, stride: tuple[int, int]) -> BlurPool2d:
        """One blur on the model's device."""
        return BlurPool2d(channels, self.filter_size, stride, self.mode).to(self.like)


def _wraps(module: nn.Module) -> bool:
    circular = isinstance(module, (CircularMaxPool2d, CircularAvgPool2d)) or getattr(module, "wrap", False)
    return circular or getattr(module, "padding_mode", "") == "circular"


def _for_channels(site: Site, make: partial[nn.Module]) -> nn.Module:
    """One layer, or one for every width that the module is used on."""
    widths = sorted(set(site.channels))
    return make(widths[0]) if len(widths) == 1 else ByChannels({width: make(width) for width in widths})


def max_pool(blurs: Blurs, site: Site) -> tuple[Change, str]:
    """Maximum at stride 1, then a blur; the change and how the table tells of it."""
    pool = cast(nn.MaxPool2d, site.module)
    if getattr(pool, "return_indices", False):
        raise refuse(site.name, "a max pool that returns indices has no blurred form")
    circular = isinstance(pool, CircularMaxPool2d)

    def make(channels: int) -> nn.Module:
        layer = MaxBlurPool2d(
            channels, pair(pool.kernel_size), site.stride, pair(pool.padding), pair(pool.dilation),
            getattr(pool, "ceil_mode", False), filter_size=blurs.filter_size, padding_mode=blurs.mode,
            circular_max=circular,
        )  # fmt: skip
        return layer.to(blurs.like)

    text = f"MaxPool2d({pool.kernel_size}, stride=1), BlurPool2d({blurs.filter_size}, stride={site.stride})"
    return (lambda _: _for_channels(site, partial(make))), text


def average_pool(blurs: Blurs, site: Site) -> tuple[Change, str]:
    """Blur in the place of the average where its window covers the pool's, otherwise behind it; as `max_pool`."""
    pool = cast(nn.AvgPool2d, site.module)
    window, padding = pair(pool.kernel_size), pair(pool.padding)
    ceil_mode, circular = getattr(pool, "ceil_mode", False), isinstance(pool, CircularAvgPool2d)
    blur = f"BlurPool2d({blurs.filter_size}, stride={site.stride})"
    centred = all((k - 1) // 2 == p for k, p in zip(window, padding, strict=True))
    if centred and max(window) <= blurs.filter_size:

        def only_blur(channels: int) -> nn.Module:
            layer = blurs.blur(channels, site.stride)
            return BlurredAvgPool2d(layer, window, padding, ceil_mode)

        return (lambda _: _for_channels(site, partial(only_blur))), blur
    if ceil_mode:
        raise refuse(site.name, f"an average pool of {window} with ceil_mode has windows that a blur cannot stand for")

    def both(channels: int) -> nn.Module:
        layer = blurs.blur(channels, site.stride)
        average = (
            CircularAvgPool2d(window, 1, padding)
            if circular
            else nn.AvgPool2d(window, 1, padding, False, pool.count_include_pad, pool.divisor_override)
        )
        return nn.Sequential(average, layer)

    return (lambda _: _for_channels(site, partial(both))), f"AvgPool2d({window}, stride=1), {blur}"


def slicing(blurs: Blurs, site: Site) -> tuple[Change, str]:
    """Blur in the place of the slicing in a shortcut; as `max_pool`."""
    channels = blurs.record.shapes[site.nodes[0].inputs[0]][1]

    def change(module: nn.Module) -> nn.Module:
        cast(SubsampleShortcut, module).sampler = blurs.blur(channels, site.stride)
        return module

    return change, f"BlurPool2d({blurs.filter_size}, stride={site.stride}), then zero channels"
