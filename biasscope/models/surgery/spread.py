"""How much guidance varies, and the factor at which it begins as evenly as a picture does."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import cast

import torch
from torch import Tensor, nn

from biasscope.core.randomness import generator
from biasscope.models.surgery.edit import like
from biasscope.models.surgery.layers import GuidedPacConv2d
from biasscope.models.surgery.reading.follow import Example

Guidance = Callable[..., Tensor]


def spread(features: Tensor) -> float:
    """Root mean square distance between the features (N, D, H, W) of neighbouring pixels, all channels together.

    Examples
    --------
    >>> import torch
    >>> spread(torch.tensor([[[[0.0, 3.0]], [[0.0, 4.0]]]]))
    5.0
    """
    steps = [features.detach().double().diff(dim=axis).square().sum(1).flatten() for axis in (2, 3)]
    squares = torch.cat(steps)
    return float(squares.mean().sqrt()) if squares.numel() else 0.0


def pass_input(model: nn.Module, example: Example, shape: tuple[int, ...]) -> Tensor:
    """Give the example, or normal noise of the shape, as the model's parameters are."""
    if isinstance(example, Tensor) and example.device.type != "meta":
        return example.to(like(model))
    return torch.from_numpy(generator(0, "guidance").standard_normal(shape)).to(like(model))


def level(model: nn.Module, names: Iterable[str], x: Tensor) -> None:
    """Divide the scale of each pixel-adaptive layer by the spread of its guidance in one pass, where that exceeds 1.

    The pass runs on a copy in evaluation mode; the model's scales alone are changed.
    """
    probe, found = copy.deepcopy(model).eval(), dict.fromkeys(names, 0.0)
    for name in found:
        layer = cast(GuidedPacConv2d, probe.get_submodule(name))
        vars(layer)["guidance"] = _noting(found, name, layer.guidance, layer.scale)
    with torch.no_grad():
        probe(x)
    for name, value in found.items():
        layer = cast(GuidedPacConv2d, model.get_submodule(name))
        layer.scale /= max(1.0, value)


def _noting(found: dict[str, float], name: str, guidance: Guidance, scale: float) -> Guidance:
    def noted(*args: Tensor | None) -> Tensor:
        out = guidance(*args)
        found[name] = spread(out) / scale
        return out

    return noted
