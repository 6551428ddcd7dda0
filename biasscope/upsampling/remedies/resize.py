"""A resize and a convolution in the place of a transposed convolution."""

from __future__ import annotations

from typing import Literal, cast

import torch
from torch import Tensor, nn

from biasscope.models.surgery.edit import described
from biasscope.nn import ResizeConv2d
from biasscope.upsampling.kernels import resize_taps
from biasscope.upsampling.remedies.fit import FitEnd
from biasscope.upsampling.remedies.sites import Change, Remedied, Site
from biasscope.upsampling.remedies.surgery import Altered, fixed, site_by_site

Mode = Literal["nearest", "bilinear"]


def resize_convolution(model: nn.Module, example: Tensor, mode: Mode = "nearest", only: str | None = None) -> Remedied:
    """Replace transposed convolutions by a resize and a convolution.

    The filter is the one with which resize and convolution together come closest to what the transposed convolution
    writes for one input (least squares); how far away that stays is the ``residual`` of each change.

    Parameters
    ----------
    model
        Is copied.
    example
        Input to follow the model with.
    mode
        Of the resize.
    only
        Name of the one layer to change, in the place of all.

    Notes
    -----
    The resized map is padded by repeating its edge, so a constant stays constant up to the border.
    Source: Odena et al., "Deconvolution and checkerboard artifacts", Distill 2016.

    Examples
    --------
    >>> up = nn.Sequential(nn.ConvTranspose2d(2, 3, 3, 2, 1, 1))
    >>> done = resize_convolution(up, torch.zeros(1, 2, 5, 5))
    >>> done.model(torch.ones(1, 2, 5, 5)).std((2, 3)).max().item() < 1e-6, done.changes[0].residual > 0
    (True, True)
    """

    def resize(site: Site, layer: nn.Module) -> Altered | str:
        if site.kind != "transposed":
            return "a pixel shuffle is not replaced; see icnr"
        if not site.conv:
            return site.reason
        if not isinstance(layer, nn.ConvTranspose2d):
            return "there is a resize-convolution for two axes only"
        new, residual = fitted(layer, mode)
        text = "least squares fit of what one input writes"
        after = f"{mode} resize, 3x3 or larger Conv2d"
        return Altered(new, Change(site.name, described(layer), after, text + fixed(layer), residual))

    return site_by_site(model, example, only, resize)


def fitted(layer: nn.ConvTranspose2d, mode: Mode) -> tuple[nn.Module, float]:
    """Resize-convolution nearest to a transposed convolution, and the relative residual of its weights.

    Examples
    --------
    >>> up = nn.ConvTranspose2d(1, 1, 2, 2)
    >>> _ = nn.init.constant_(up.weight, 0.5)
    >>> new, residual = fitted(up, "nearest")
    >>> x = torch.rand(1, 1, 4, 4)
    >>> round(residual, 6), bool(torch.allclose(up(x), new(x), atol=1e-6))
    (0.0, True)
    """
    axes = [_design(layer, axis, mode) for axis in (0, 1)]
    weight = _as_convolution(layer)
    spread = [torch.zeros(len(design), side, dtype=torch.float64) for design, _, side in _sides(layer, axes)]
    for axis, (_, places, side) in enumerate(_sides(layer, axes)):
        spread[axis][places, torch.arange(side)] = 1
    target = torch.einsum("yj,oijk,xk->oiyx", spread[0], weight, spread[1])
    inverse = [torch.linalg.pinv(design) for design, _ in axes]
    fit = torch.einsum("my,oiyx,nx->oimn", inverse[0], target, inverse[1])
    back = torch.einsum("ym,oimn,xn->oiyx", axes[0][0], fit, axes[1][0])
    residual = float((back - target).norm() / target.norm().clamp_min(1e-30))
    like = layer.weight
    new = ResizeConv2d(
        layer.in_channels, layer.out_channels, (fit.shape[2], fit.shape[3]), (layer.stride[0], layer.stride[1]), mode,
        "replicate",
        groups=layer.groups, bias=layer.bias is not None, device=like.device, dtype=like.dtype,
    )  # fmt: skip
    with torch.no_grad():
        new.conv.weight.copy_(fit)
        if layer.bias is not None:
            cast(Tensor, new.conv.bias).copy_(layer.bias)
    ends = [
        d * (k - 1) + 1 + op - 2 * p - s
        for k, s, p, op, d in zip(
            layer.kernel_size, layer.stride, cast(tuple[int, int], layer.padding), layer.output_padding,
            layer.dilation, strict=True,
        )
    ]  # fmt: skip
    return (nn.Sequential(new, FitEnd(ends)) if any(ends) else new), residual


def _sides(layer: nn.ConvTranspose2d, axes: list[tuple[Tensor, Tensor]]) -> list[tuple[Tensor, Tensor, int]]:
    return [(design, places, side) for (design, places), side in zip(axes, layer.kernel_size, strict=True)]


def _design(layer: nn.ConvTranspose2d, axis: int, mode: Mode) -> tuple[Tensor, Tensor]:
    """What each tap writes for one input, (offsets, taps), and the offsets' numbers of the old taps."""
    stride, padding = layer.stride[axis], int(layer.padding[axis])
    reach = layer.dilation[axis] * (layer.kernel_size[axis] - 1)
    taps, before = resize_taps(mode, stride, grows=True)
    first, last = -before, len(taps) - 1 - before
    half = max(first + padding, reach - padding - last, (layer.kernel_size[axis] - 1) // 2)
    kernel = 2 * half + 1
    design = torch.zeros(last - first + 2 * half + 1, kernel, dtype=torch.float64)
    for tap in range(kernel):
        start = 2 * half - tap
        design[start : start + len(taps), tap] = torch.tensor(taps, dtype=torch.float64)
    places = torch.arange(0, reach + 1, layer.dilation[axis]) - padding - (first - half)
    return design, places


def _as_convolution(layer: nn.ConvTranspose2d) -> Tensor:
    """Weights (C_in, C_out / groups, k, k) as (C_out, C_in / groups, k, k), float64 on the CPU."""
    weight = layer.weight.detach().double().cpu()
    parts = [part.transpose(0, 1) for part in weight.chunk(layer.groups)]
    return torch.cat(parts)
