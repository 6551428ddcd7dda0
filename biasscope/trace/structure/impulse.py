"""What a position of a map sees, by the gradient of a copy of the network in which nothing cancels or blocks it."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from biasscope.models.outputs import tensors
from biasscope.trace.layer import Place

_THROUGH = frozenset({
    "relu", "relu_", "relu6", "silu", "gelu", "hardswish", "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_",
    "sigmoid", "tanh", "softplus", "mish", "elu", "elu_", "hardsigmoid", "batch_norm", "layer_norm", "group_norm",
    "instance_norm", "softmax",
})  # fmt: skip
_PRODUCTS = frozenset({"mul", "mul_", "__mul__", "__rmul__", "__imul__"})


class _Stop(Exception):  # noqa: N818 (not an error)
    """The map was reached."""


class _Transparent(TorchFunctionMode):
    """Non-linear functions let everything through; maxima become means."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs, name = kwargs or {}, getattr(func, "__name__", "")
        if name in _THROUGH:
            return args[0] if args else kwargs["input"]
        if name in ("max_pool2d", "_max_pool2d", "max_pool2d_with_indices") or "max_pool2d" in name:
            return _mean_pool(*args, **kwargs)
        if name in _PRODUCTS:
            args = _without_gates(args)
        return func(*args, **kwargs)


def _mean_pool(
    x: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:  # fmt: skip
    k, s, p, d = (_pair(value) for value in (kernel_size, stride or kernel_size, padding, dilation))
    weight = x.new_ones(x.shape[1], 1, *k) / (k[0] * k[1])
    if ceil_mode:
        room = [(x.shape[2 + a] + 2 * p[a] - d[a] * (k[a] - 1) - 1) % s[a] for a in (0, 1)]
        x = F.pad(x, (0, (s[1] - room[1]) % s[1], 0, (s[0] - room[0]) % s[0]))
    return F.conv2d(x, weight, None, s, p, d, x.shape[1])


def _without_gates(args: tuple[Any, ...]) -> tuple[Any, ...]:
    maps = [t for t in args if isinstance(t, Tensor) and t.dim() == 4]
    if not any(max(t.shape[-2:]) > 1 for t in maps):
        return args
    return tuple(torch.ones_like(t) if any(t is m and max(m.shape[-2:]) == 1 for m in maps) else t for t in args)


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[0]), int(value[-1]))


def seen_pixels(model: nn.Module, example: Tensor, place: Place, axes: tuple[int, int] = (2, 3)) -> Tensor:
    """Pixels (H, W), as booleans, that the position in the middle of a map can see.

    Notes
    -----
    All weights are positive and every non-linear function is the identity in the copy, so the gradient adds up paths
    from pixels to the position: above 0 exactly where there is one. None is seen where the layer is not called in this
    pass, or no gradient reaches it. Double precision keeps products of small numbers.

    Examples
    --------
    >>> net = nn.Sequential(nn.Conv2d(1, 1, 3, dilation=2), nn.ReLU(), nn.MaxPool2d(2))
    >>> seen_pixels(net, torch.zeros(1, 1, 12, 12), Place("2")).any(0).long().tolist()
    [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 0, 0]
    """
    ghost = copy.deepcopy(model).double().cpu().eval()
    with torch.no_grad():
        for parameter in ghost.parameters():
            parameter.fill_(1 / max(parameter[0].numel(), 1) if parameter.dim() > 1 else 1)
    kept: list[Tensor] = []

    def hook(_module: nn.Module, _args: Any, output: Any) -> None:
        kept.append(list(tensors(output))[place.item])
        if len(kept) > place.call:
            raise _Stop

    ghost.get_submodule(place.name).register_forward_hook(hook)
    x = torch.ones(example.shape, dtype=torch.float64, requires_grad=True)
    with torch.enable_grad(), _Transparent(), suppress(_Stop):
        ghost(x * 1)
    if len(kept) <= place.call or not kept[place.call].requires_grad:  # not called this time, or cut off
        return torch.zeros(x.shape[2:], dtype=torch.bool)
    with torch.enable_grad():
        maps = kept[place.call].movedim(axes, (2, 3))
        middle = maps[0, :, maps.shape[2] // 2, maps.shape[3] // 2].sum()
        (slope,) = torch.autograd.grad(middle, x, allow_unused=True)
    return torch.zeros(x.shape[2:], dtype=torch.bool) if slope is None else slope[0].abs().sum(0) > 0
