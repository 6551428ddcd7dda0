"""More taps: a kernel that the stride divides."""

from __future__ import annotations

from math import gcd
from typing import Any, cast

import torch
from torch import Tensor, nn

from biasscope.models.surgery.edit import described
from biasscope.upsampling.remedies.fit import FitEnd
from biasscope.upsampling.remedies.sites import TRANSPOSED, Change, Remedied, Site, Transposed, Weights
from biasscope.upsampling.remedies.surgery import Altered, fixed, site_by_site


def divisible_kernel(model: nn.Module, example: Tensor, weights: Weights = "keep", only: str | None = None) -> Remedied:
    """Give every transposed convolution a kernel that its stride divides.

    Parameters
    ----------
    model
        Is copied.
    example
        Input to follow the model with.
    weights
        ``keep``: taps of zero are added, so that the function is exactly what it was, pattern included; the layer can
        then be trained on. ``new``: the layer is drawn anew from PyTorch's default law, so outputs mean nothing until
        it has been trained.
    only
        Name of the one layer to change, in the place of all.

    Notes
    -----
    Source: Odena et al., "Deconvolution and checkerboard artifacts", Distill 2016. It helps and does not suffice:
    phases are equal for equal weights only.

    Examples
    --------
    >>> up = nn.Sequential(nn.ConvTranspose2d(2, 2, 3, 2, 1, 1))
    >>> x = torch.rand(1, 2, 5, 5)
    >>> wider = divisible_kernel(up, x)
    >>> wider.model[0].kernel_size, bool(torch.allclose(up(x), wider.model(x), atol=1e-6))
    ((4, 4), True)
    """

    def widen(site: Site, layer: nn.Module) -> Altered | str:
        if site.kind != "transposed":
            return "only a transposed convolution has such a kernel"
        if not site.conv:
            return site.reason
        assert isinstance(layer, TRANSPOSED)  # noqa: S101
        if reason := _indivisible(layer):
            return reason
        wider = _wider(layer, weights)
        text = "taps of zero added, function unchanged" if weights == "keep" else "drawn anew, to be trained"
        return Altered(wider, Change(site.name, described(layer), described(wider), text + fixed(layer), None))

    return site_by_site(model, example, only, widen)


def _indivisible(layer: Transposed) -> str:
    if any(gcd(d, s) > 1 for d, s in zip(layer.dilation, layer.stride, strict=True)):
        return "dilation and stride share a factor, so every kernel leaves holes"
    if all(k % s == 0 for k, s in zip(layer.kernel_size, layer.stride, strict=True)):
        return "the stride divides the kernel already"
    return ""


def _wider(layer: Transposed, weights: Weights) -> nn.Module:
    """The layer with taps added behind; what they write beyond the old output is cut off."""
    kernel = tuple(-(-k // s) * s for k, s in zip(layer.kernel_size, layer.stride, strict=True))
    added = [(new - old) * d for new, old, d in zip(kernel, layer.kernel_size, layer.dilation, strict=True)]
    room = [min(extra, op) for extra, op in zip(added, layer.output_padding, strict=True)]
    behind = tuple(op - used for op, used in zip(layer.output_padding, room, strict=True))
    make: Any = type(layer)
    wider = make(
        layer.in_channels, layer.out_channels, kernel, layer.stride, layer.padding, behind, layer.groups,
        layer.bias is not None, layer.dilation, device=layer.weight.device, dtype=layer.weight.dtype,
    )  # fmt: skip
    if weights == "keep":
        with torch.no_grad():
            wider.weight.zero_()
            wider.weight[(..., *(slice(0, k) for k in layer.kernel_size))] = layer.weight
            if layer.bias is not None:
                wider.bias.copy_(layer.bias)
    ends = tuple(used - extra for used, extra in zip(room, added, strict=True))
    return nn.Sequential(wider, FitEnd(ends)) if any(ends) else cast(nn.Module, wider)
