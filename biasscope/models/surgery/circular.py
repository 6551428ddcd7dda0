"""Circular padding everywhere, so that a picture that leaves on one side comes back on the other."""

from __future__ import annotations

from typing import TypeVar, cast

from torch import nn

from biasscope.models.surgery.edit import Change, Plan, described, own
from biasscope.models.surgery.layers import (
    BlurredAvgPool2d,
    CircularAvgPool2d,
    CircularMaxPool2d,
    PaddingLaw,
    SurgeryConv2d,
)
from biasscope.models.surgery.pac import GuidedPacConv2d
from biasscope.models.surgery.placement import can_edit
from biasscope.models.surgery.record import Example, Node, Record, follow
from biasscope.models.surgery.selection import Selectors, as_tuple, check_skip, matches
from biasscope.models.surgery.sites import coarser, pair, refuse, refuse_hidden
from biasscope.models.surgery.table import Kept, Replacement
from biasscope.nn import BlurPool2d, MaxBlurPool2d, PacConv2d, PacPool2d

M = TypeVar("M", bound=nn.Module)
_FIXED = (nn.ConvTranspose2d, nn.ZeroPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d, nn.ConstantPad2d)


def circular(model: M, *, skip: Selectors = None, example: Example = None, inplace: bool = False) -> M:
    """Let every convolution, pool and blur of a model wrap around at the edges, with its weights kept.

    The network is then equivariant to circular shifts by the product of its strides, wherever the side is a multiple of
    that product; behind a global average, logits are equal.

    Parameters
    ----------
    model
        Any module that takes one (N, C, H, W) tensor.
    skip
        Names, name patterns or types of modules to leave.
    example
        Input to follow the model with, a tensor or (C, H, W), where 224 or 64 pixels do not fit.
    inplace
        Change the model itself instead of a copy.

    Returns
    -------
        The model. `surgery_table` tells what was replaced.

    Notes
    -----
    A window that does not fit the map evenly (AlexNet's 11x11 convolution with 2 pixels of padding, the unpadded pools
    of SqueezeNet) gets its padding in front and the rest of the window behind, so the output is ``ceil(H / stride)``
    pixels and may be one more than before. A head that reads positions (the flattened 7x7 map of AlexNet and VGG)
    keeps doing so: their features are equivariant, their logits are not invariant.

    Raises
    ------
    UsageError
        Something pads that cannot be changed; its name and the reason are given.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3, stride=2, padding=1), torch.nn.AdaptiveAvgPool2d(1))
    >>> wrapped, x = circular(net), torch.rand(1, 1, 8, 8)
    >>> torch.allclose(wrapped(x), wrapped(x.roll((2, 4), (2, 3))))
    True
    """
    model = own(model, inplace)
    check_skip(model, skip)
    record = follow(model, example)
    refuse_hidden(model, record, skip)
    _refuse_functional_padding(model, record, skip)
    plan = Plan([], [], [Kept("circular", *row) for row in coarser(model, record, skip)])
    seen: set[str] = set()
    for node in record.nodes:
        if node.is_module and node.where not in seen and not matches(node.where, _at(model, node), as_tuple(skip)):
            seen.add(node.where)
            _plan_module(plan, node.where, _at(model, node), record.shapes[node.inputs[0]])
    return plan.carry_out(model)


def _at(model: nn.Module, node: Node) -> nn.Module:
    return model.get_submodule(node.where)


def _refuse_functional_padding(model: nn.Module, record: Record, skip: Selectors) -> None:
    for node in record.nodes:
        if node.is_module or matches(node.where, _at(model, node), as_tuple(skip)):
            continue
        before, after = record.shapes[node.inputs[0]], record.shapes[node.outputs[0]]
        if node.op == "pad" and len(before) == len(after) == 4 and before[-2:] != after[-2:]:
            raise refuse(node.where, f"{type(_at(model, node)).__name__} pads in its forward, which cannot be changed")


def _plan_module(plan: Plan, name: str, module: nn.Module, shape: tuple[int, ...]) -> None:
    """Plan the change of one module and of the blurs in it, if there is anything to change."""
    if isinstance(module, _FIXED):
        raise refuse(name, f"{type(module).__name__} has no circular form here")
    changes = [change for change in (_own_change(name, module, shape), _blur_change(module)) if change]
    if not changes:
        return

    def both(current: nn.Module) -> nn.Module:
        for change in changes:
            current = change(current)
        return current

    stride = pair(getattr(module, "stride", 1) or 1)
    plan.changes.append((name, both))
    plan.rows.append(Replacement("circular", name, _kind(module), stride, described(module), "circular padding"))


def _kind(module: nn.Module) -> str:
    if isinstance(module, (nn.Conv2d, GuidedPacConv2d)):
        return "convolution"
    if isinstance(module, (nn.AvgPool2d, BlurredAvgPool2d)):
        return "average pool"
    return "max pool" if isinstance(module, (nn.MaxPool2d, MaxBlurPool2d)) else "blur"


def _own_change(name: str, module: nn.Module, shape: tuple[int, ...]) -> Change | None:
    if isinstance(module, nn.Conv2d):
        return _convolution(name, module)
    if isinstance(module, (nn.MaxPool2d, nn.AvgPool2d)):
        return _pool(name, module, shape)
    if isinstance(module, MaxBlurPool2d):
        return _max_blur
    if isinstance(module, GuidedPacConv2d):
        return None if module.law is not None and module.law.wrap else _wrapping_pac
    if isinstance(module, (PacConv2d, PacPool2d)) and any(pair(module.padding)) and module.padding_mode != "circular":
        raise refuse(name, f"{type(module).__name__} pads in a way that is not changed here", "Set its padding_mode.")
    return None


def _wrapping_pac(module: nn.Module) -> nn.Module:
    layer = cast(GuidedPacConv2d, module)
    law = layer.law or PaddingLaw(layer.kernel_size, layer.dilation, layer.padding, layer.padding_mode)
    layer.law, layer.padding = law._replace(wrap=True), (0, 0)
    return layer


def _convolution(name: str, conv: nn.Conv2d) -> Change | None:
    reach = [d * (k - 1) for d, k in zip(conv.dilation, conv.kernel_size, strict=True)]
    padding = _amounts(conv)
    if padding == [(0, 0), (0, 0)] and not any(reach):
        return None
    if any(front > r for (front, _), r in zip(padding, reach, strict=True)):
        raise refuse(name, f"its padding {conv.padding} is wider than its window")
    already = conv.padding_mode == "circular" and _even(padding, reach)
    if getattr(conv, "wrap", False) or already:
        return None
    if not can_edit(conv):
        raise refuse(name, f"{type(conv).__name__} is not a plain nn.Conv2d")
    if type(conv) is nn.Conv2d and _even(padding, reach) and max(reach) <= 2:
        return _circular_mode

    def wrap(module: nn.Module) -> nn.Module:
        new = SurgeryConv2d.of(cast(nn.Conv2d, module))
        new.wrap = True
        return new

    return wrap


def _amounts(conv: nn.Conv2d) -> list[tuple[int, int]]:
    """Padding (in front, behind) on both axes."""
    if isinstance(conv.padding, str):
        total = [
            d * (k - 1) if conv.padding == "same" else 0 for d, k in zip(conv.dilation, conv.kernel_size, strict=True)
        ]
        return [(t // 2, t - t // 2) for t in total]
    return [(p, p) for p in conv.padding]


def _even(padding: list[tuple[int, int]], reach: list[int]) -> bool:
    """Whether the padding keeps the map's size, so that circular padding is only another mode."""
    return all(front + behind == r for (front, behind), r in zip(padding, reach, strict=True))


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


def _blur_change(module: nn.Module) -> Change | None:
    """Let the blurs in a module wrap around."""
    if not any(isinstance(part, BlurPool2d) and part.padding_mode != "circular" for part in module.modules()):
        return None

    def change(current: nn.Module) -> nn.Module:
        for part in current.modules():
            if isinstance(part, BlurPool2d):
                part.padding_mode = "circular"
        return current

    return change
