"""Remedies that change the weights of the layers that are there: more taps, equal phases, ICNR."""

from __future__ import annotations

import copy
from itertools import product
from math import gcd
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from biasscope.models.surgery.edit import described, replace
from biasscope.nn import icnr_
from biasscope.upsampling.passage import Refused
from biasscope.upsampling.remedies.fit import FitEnd
from biasscope.upsampling.remedies.sites import Change, Remedied, Site, by_kind, find_sites, with_weights

Weights = Literal["keep", "new"]


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
    model = copy.deepcopy(model)
    sites, others = find_sites(model, example, only)
    chosen, skipped = by_kind(sites, "transposed", "only a transposed convolution has such a kernel")
    changes = []
    for site in chosen:
        layer = cast(nn.ConvTranspose2d, model.get_submodule(site.name))
        if reason := _indivisible(layer):
            skipped.append(Refused(site.name, "transposed", reason))
            continue
        wider = _wider(layer, weights)
        text = "taps of zero added, function unchanged" if weights == "keep" else "drawn anew, to be trained"
        changes.append(Change(site.name, described(layer), described(wider), text, None))
        model = replace(model, site.name, lambda _, wider=wider: wider)  # type: ignore[misc]
    return Remedied(model, tuple(changes), (*others, *skipped))


def _indivisible(layer: nn.ConvTranspose2d) -> str:
    if any(gcd(d, s) > 1 for d, s in zip(layer.dilation, layer.stride, strict=True)):
        return "dilation and stride share a factor, so every kernel leaves holes"
    if all(k % s == 0 for k, s in zip(layer.kernel_size, layer.stride, strict=True)):
        return "the stride divides the kernel already"
    return ""


def _wider(layer: nn.ConvTranspose2d, weights: Weights) -> nn.Module:
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


def equal_phases(model: nn.Module, example: Tensor, only: str | None = None) -> Remedied:
    """Make the DC gains of all phases equal by the smallest change of the weights (Frobenius).

    Every phase's gain is moved to their weighted mean, and the move is shared equally by the phase's taps. A constant
    then gives a constant, exactly, until the layer is trained on.

    Parameters
    ----------
    model
        Is copied.
    example
        Input to follow the model with.
    only
        Name of the one layer to change, in the place of all.

    Notes
    -----
    This projects onto the condition of Harada, Muramatsu and Kiya (1998): all polyphase DC gains equal. With n taps in
    phase r the common gain that changes least is the mean of the gains with weights 1/n.

    Examples
    --------
    >>> from biasscope.upsampling.gains import transposed_gains
    >>> up = nn.Sequential(nn.ConvTranspose2d(2, 2, 3, 2))
    >>> even = equal_phases(up, torch.zeros(1, 2, 5, 5)).model[0]
    >>> round(transposed_gains(even.weight, 2).score, 6)
    0.0
    """
    model = copy.deepcopy(model)
    sites, others = find_sites(model, example, only)
    chosen, skipped = with_weights(sites)
    others += skipped
    changes = []
    for site in chosen:
        conv: Any = model.get_submodule(site.conv)
        even = _even_transposed(conv) if site.kind == "transposed" else _even_shuffle(conv, site)
        if even is None:
            others.append(Refused(site.name, site.kind, "some phases have no taps"))
            continue
        residual = float((even - conv.weight).detach().norm() / conv.weight.detach().norm().clamp_min(1e-30))
        with torch.no_grad():
            conv.weight.copy_(even)
            if site.kind == "shuffle" and conv.bias is not None:
                conv.bias.copy_(_averaged(conv.bias, site))
        text = "least change that makes the gains of all phases equal"
        changes.append(Change(site.conv, described(conv), described(conv), text, residual))
    return Remedied(model, tuple(changes), tuple(others))


def _even_transposed(layer: nn.ConvTranspose2d) -> Tensor | None:
    dims = len(layer.kernel_size)
    weight = layer.weight.detach().double().clone()
    masks = []
    for phase in product(*map(range, layer.stride)):
        mask = torch.ones((), dtype=torch.bool, device=weight.device)
        for axis in range(dims):
            taps = torch.arange(layer.kernel_size[axis], device=weight.device) * layer.dilation[axis]
            mask = mask[..., None] & (taps % layer.stride[axis] == phase[axis])
        masks.append(mask)
    counts = torch.tensor([float(mask.sum()) for mask in masks], dtype=torch.float64, device=weight.device)
    if bool((counts == 0).any()):
        return None
    gains = torch.stack([weight[..., mask].sum(-1) for mask in masks], -1)
    common = (gains / counts).sum(-1) / (1 / counts).sum()
    for number, mask in enumerate(masks):
        weight += ((common - gains[..., number]) / counts[number])[(..., *(None,) * dims)] * mask
    return weight.to(layer.weight.dtype)


def _even_shuffle(conv: nn.Conv2d, site: Site) -> Tensor:
    weight = conv.weight.detach().double()
    gains = weight.sum((2, 3), keepdim=True)
    taps = weight.shape[2] * weight.shape[3]
    return (weight + (_averaged(gains, site) - gains) / taps).to(conv.weight.dtype)


def _averaged(values: Tensor, site: Site) -> Tensor:
    """Mean over the phases of a shuffle, repeated for each, along the first axis."""
    copies = site.factor[0] * site.factor[1]
    mean = values.detach().view(-1, copies, *values.shape[1:]).mean(1)
    return mean.repeat_interleave(copies, 0)


def icnr(model: nn.Module, example: Tensor, weights: Weights = "keep", only: str | None = None) -> Remedied:
    """Give all filters that a pixel shuffle interleaves into one channel the same weights.

    Parameters
    ----------
    model
        Is copied.
    example
        Input to follow the model with.
    weights
        ``keep``: their mean, biases too, so that the layer becomes that convolution and a nearest-neighbour resize.
        ``new``: drawn anew by `icnr_`, to be trained.
    only
        Name of the one layer to change, in the place of all.

    Notes
    -----
    Source: Aitken et al., "Checkerboard artifact free sub-pixel convolution", 2017. It is an initialisation: training
    moves the filters apart again.

    Examples
    --------
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.PixelShuffle(2))
    >>> out = icnr(net, torch.zeros(1, 1, 4, 4)).model(torch.rand(1, 1, 4, 4))
    >>> bool(torch.equal(out[..., ::2, ::2], out[..., 1::2, 1::2]))
    True
    """
    model = copy.deepcopy(model)
    sites, others = find_sites(model, example, only)
    known, unknown = with_weights(sites)
    chosen, skipped = by_kind(known, "shuffle", "ICNR is for convolutions in front of a pixel shuffle")
    others += unknown
    changes = []
    for site in chosen:
        conv = cast(nn.Conv2d, model.get_submodule(site.conv))
        before = conv.weight.detach().clone()
        with torch.no_grad():
            if weights == "new":
                icnr_(conv.weight, site.factor[0])
            else:
                conv.weight.copy_(_averaged(conv.weight, site))
            if conv.bias is not None:
                conv.bias.copy_(_averaged(conv.bias, site))
        residual = float((conv.weight - before).detach().norm() / before.norm()) if weights == "keep" else None
        text = "mean of the filters of all phases" if weights == "keep" else "drawn anew (ICNR), to be trained"
        changes.append(Change(site.conv, described(conv), described(conv), text, residual))
    return Remedied(model, tuple(changes), (*others, *skipped))
