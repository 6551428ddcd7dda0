"""Initial filters of the pixel-adaptive family."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

Filler = Literal["uniform", "linear", "crf", "crf_perturbed", "pool", "crf_pool"]
"""Ways to initialise a filter; see `fill_`."""

FIXED_FILLERS = ("pool", "crf_pool")
"""Fillers whose weight is a buffer: nothing is learned."""

_PERTURBATION = 5e-4


def triangle(side: int, stride: int) -> Tensor:
    """Linear interpolation by ``stride`` as a filter: (1 .. s .. 1) / s, centred in ``side`` taps.

    Examples
    --------
    >>> triangle(5, 2).tolist()
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    if side < 2 * stride - 1:
        raise ValueError(f"filler 'linear' needs kernel_size >= 2 * stride - 1 = {2 * stride - 1}, got {side}")
    distance = (torch.arange(side, dtype=torch.float64) - side // 2).abs()
    return (1 - distance / stride).clamp(min=0)


def phase_counts(side: int, stride: int) -> Tensor:
    """Give, for every tap, the number of taps of its phase: those that meet pixels together with it.

    Examples
    --------
    >>> phase_counts(5, 2).tolist()
    [3.0, 2.0, 3.0, 2.0, 3.0]
    """
    phases = torch.arange(side) % stride
    return (phases[:, None] == phases).sum(1).double()


def _linear(weight: Tensor, stride: tuple[int, int], normalize_kernel: bool) -> Tensor:
    taps = [triangle(side, step) for side, step in zip(weight.shape[2:], stride, strict=True)]
    if normalize_kernel:
        counts = (phase_counts(side, step) for side, step in zip(weight.shape[2:], stride, strict=True))
        taps = [tap * count for tap, count in zip(taps, counts, strict=True)]
    return torch.outer(*taps)


def crf_filter(sides: tuple[int, int]) -> Tensor:
    """Truncated Gaussian of standard deviation side / 4, sum = number of taps, then the centre set to 0.

    Examples
    --------
    >>> [round(float(tap), 4) for tap in crf_filter((3, 3))[0]]
    [0.4581, 1.1143, 0.4581]
    """
    axes = []
    for side in sides:
        gauss = torch.exp(-0.5 * ((torch.arange(side, dtype=torch.float64) - side // 2) / (side / 4)) ** 2)
        axes.append(side * gauss / gauss.sum())
    out = torch.outer(*axes)
    out[sides[0] // 2, sides[1] // 2] = 0
    return out


def _diagonal(weight: Tensor, spatial: Tensor, groups: int) -> None:
    """Put the filter where a channel meets itself; axis 0 holds all channels, axis 1 those of one group."""
    weight.zero_()
    channels = torch.arange(weight.shape[0])
    weight[channels, channels % (weight.shape[0] // groups)] = spatial.to(weight)


def _fill_crf(weight: Tensor, perturbed: bool, shared: bool, groups: int) -> None:
    weight.copy_(crf_filter((weight.shape[2], weight.shape[3])).expand_as(weight))
    if not shared:
        outputs = torch.arange(weight.shape[0], device="cpu")  # what is picked is counted, also for a meta weight
        same = outputs - outputs // (weight.shape[0] // groups) * weight.shape[1]
        inside = (same >= 0) & (same < weight.shape[1])
        weight[outputs[inside], same[inside]] = 0
    if perturbed:
        weight.add_(torch.empty_like(weight).uniform_(-_PERTURBATION, _PERTURBATION))


def fill_(
    weight: Tensor,
    bias: Tensor | None,
    filler: Filler,
    *,
    fan_in: int,
    shared_filters: bool = False,
    channels: int = 1,
    groups: int = 1,
    stride: tuple[int, int] = (1, 1),
    normalize_kernel: bool = False,
) -> None:
    """Initialise a filter and its bias in place.

    ``uniform``: U(-b, b), b = 1 / sqrt(fan_in), as ``nn.Conv2d``; times the channels for shared filters.
    ``linear``: bilinear interpolation by the stride, each channel for itself; with a normalised kernel every tap is
    multiplied by the number of taps of its phase. ``crf``: `crf_filter`, for full filters only between different
    channels (Potts compatibility); ``crf_perturbed`` adds U(-0.0005, 0.0005). ``pool``: ones; ``crf_pool``: ones but
    for the centre. The bias is 0 except for ``uniform``.

    Parameters
    ----------
    weight, bias
        What to fill.
    filler
        Which of the above.
    fan_in
        Inputs of one output of an unshared filter.
    shared_filters, channels
        Whether the weight is one (1, 1, k_h, k_w) filter for all of so many channels.
    groups, stride, normalize_kernel
        Of the layer.

    Raises
    ------
    ValueError
        If the filter is too small for ``linear``.

    Examples
    --------
    >>> weight = torch.empty(1, 1, 3, 3)
    >>> fill_(weight, None, "crf_pool", fan_in=9)
    >>> weight[0, 0].tolist()
    [[1.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]]
    """
    with torch.no_grad():
        if bias is not None:
            bias.zero_()
        if filler == "uniform":
            bound = (channels if shared_filters else 1) / math.sqrt(fan_in)
            for tensor in (weight, bias):
                if tensor is not None:
                    nn.init.uniform_(tensor, -bound, bound)
        elif filler == "linear":
            _diagonal(weight, _linear(weight, stride, normalize_kernel), groups)
        elif filler in ("crf", "crf_perturbed"):
            _fill_crf(weight, filler == "crf_perturbed", shared_filters, groups)
        else:
            weight.fill_(1.0)
            if filler == "crf_pool":
                weight[..., weight.shape[2] // 2, weight.shape[3] // 2] = 0
