"""How much two attribution maps differ, on plain tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, pi
from typing import NamedTuple

import torch
from torch import Tensor

NAN, INFINITE = float("nan"), float("inf")


def map_cosine(first: Tensor, second: Tensor) -> Tensor:
    """Cosine between maps (N, H, W), one value each; NaN where a map is 0.

    >>> map_cosine(torch.tensor([[[1.0, 0.0]]]), torch.tensor([[[1.0, 1.0]]])).item()
    0.7071067690849304
    """
    one, two = first.flatten(1), second.flatten(1)
    size = one.norm(dim=1) * two.norm(dim=1)
    return torch.where(size > 0, (one * two).sum(1) / size, NAN)


def map_relative_l2(first: Tensor, second: Tensor) -> Tensor:
    """L2 norm of the difference by that of the first map, (N, H, W) to (N,); NaN where that is 0.

    >>> map_relative_l2(torch.tensor([[[3.0, 4.0]]]), torch.tensor([[[3.0, 3.0]]])).item()
    0.20000000298023224
    """
    size = first.flatten(1).norm(dim=1)
    return torch.where(size > 0, (second - first).flatten(1).norm(dim=1) / size, NAN)


def centre_of_mass(maps: Tensor, *, wraps: bool = False) -> Tensor:
    """Centre (row, column) of the absolute values of maps (N, H, W), in pixels from the first pixel's centre, (N, 2).

    With ``wraps`` pixels lie on a circle along both axes and the centre is the direction of their mean; NaN where that
    mean has no direction, or the map is 0.

    >>> centre_of_mass(torch.tensor([[[0.0, 1.0, 1.0]]])).tolist()
    [[0.0, 1.5]]
    """
    weight = maps.abs().double()
    parts = []
    for axis, other in ((1, 2), (2, 1)):
        profile = weight.sum(other)
        place = torch.arange(maps.shape[axis], dtype=torch.float64, device=maps.device)
        parts.append(_circular(profile, place) if wraps else _straight(profile, place))
    return torch.stack(parts, 1)


def _straight(profile: Tensor, place: Tensor) -> Tensor:
    total = profile.sum(1)
    return torch.where(total > 0, profile @ place / total, NAN)


def _circular(profile: Tensor, place: Tensor) -> Tensor:
    size = len(place)
    if size == 1:
        return torch.where(profile.sum(1) > 0, 0.0, NAN)
    angle = 2 * pi * place / size
    up, along = profile @ angle.sin(), profile @ angle.cos()
    directed = torch.hypot(up, along) > 1e-6 * profile.sum(1)
    return torch.where(directed, torch.atan2(up, along) * size / (2 * pi) % size, NAN)


def centre_drift(first: Tensor, second: Tensor, *, wraps: bool = False) -> Tensor:
    """Distance in pixels between the centres of mass of maps (N, H, W), (N,).

    >>> centre_drift(torch.tensor([[[1.0, 0.0, 0.0]]]), torch.tensor([[[0.0, 0.0, 1.0]]])).item()
    2.0
    """
    apart = centre_of_mass(second, wraps=wraps) - centre_of_mass(first, wraps=wraps)
    if wraps:
        side = torch.tensor(first.shape[1:], dtype=apart.dtype, device=apart.device)
        apart = (apart + side / 2) % side - side / 2
    return torch.hypot(apart[:, 0], apart[:, 1])


def top_iou(first: Tensor, second: Tensor, share: float = 0.1) -> Tensor:
    """Intersection over union of the largest values of two maps (N, H, W), (N,); NaN where a map is constant.

    Parameters
    ----------
    first, second
        Maps.
    share
        Of the pixels that count as largest, at least one.

    Examples
    --------
    >>> top_iou(torch.tensor([[[4.0, 3.0, 0.0, 1.0]]]), torch.tensor([[[4.0, 0.0, 3.0, 1.0]]]), 0.5).item()
    0.3333333432674408
    """
    one, two = first.flatten(1), second.flatten(1)
    count = max(ceil(share * one.shape[1]), 1)
    masks = [
        torch.zeros_like(maps, dtype=torch.bool).scatter(1, maps.topk(count, 1).indices, True) for maps in (one, two)
    ]
    ratio = (masks[0] & masks[1]).sum(1) / (masks[0] | masks[1]).sum(1)
    told = (one.amax(1) > one.amin(1)) & (two.amax(1) > two.amin(1))
    return torch.where(told, ratio.to(first.dtype), NAN)


class MapMeasure(NamedTuple):
    """A measure of two maps: function of (first, second, wraps, share), title, direction of better, unit, range."""

    function: Callable[[Tensor, Tensor, bool, float], Tensor]
    title: str
    better: str
    unit: str
    bounds: tuple[float, float]


MAP_MEASURES: Mapping[str, MapMeasure] = {
    "cosine": MapMeasure(lambda a, b, _w, _s: map_cosine(a, b), "cosine", "higher", "", (-1, 1)),
    "relative_l2": MapMeasure(lambda a, b, _w, _s: map_relative_l2(a, b), "relative L2", "lower", "", (0, INFINITE)),
    "drift": MapMeasure(
        lambda a, b, w, _s: centre_drift(a, b, wraps=w), "drift of the centre of mass", "lower", "pixels",
        (0, INFINITE),
    ),
    "iou": MapMeasure(lambda a, b, _w, s: top_iou(a, b, s), "IoU of the largest values", "higher", "", (0, 1)),
}  # fmt: skip
