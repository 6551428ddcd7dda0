"""Circular padding everywhere, so that a picture that leaves on one side comes back on the other."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

from biasscope.core.errors import UsageError
from biasscope.models.surgery.edit import Plan, described, own
from biasscope.models.surgery.layers import (
    BlurredAvgPool2d,
    GuidedPacConv2d,
)
from biasscope.models.surgery.layers.spelled import class_name
from biasscope.models.surgery.reading.axes import taken_apart
from biasscope.models.surgery.reading.follow import Example, copied, follow
from biasscope.models.surgery.reading.hidden import coarser, refuse_hidden
from biasscope.models.surgery.reading.record import Node, Record, pair
from biasscope.models.surgery.reading.selection import Selectors, as_tuple, check_skip, matches
from biasscope.models.surgery.reading.sites import refuse
from biasscope.models.surgery.spelling import called_pools, spelled
from biasscope.models.surgery.table import Kept, Replacement
from biasscope.models.surgery.wrapping import blur_change, own_change
from biasscope.nn import MaxBlurPool2d

M = TypeVar("M", bound=nn.Module)
_FIXED = (
    nn.ConvTranspose2d, nn.Conv3d, nn.ZeroPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d, nn.ConstantPad2d,
)  # fmt: skip


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
        Change the model itself instead of a copy, which is refused where a forward has to be written again.

    Returns
    -------
        The model. `surgery_table` tells what was replaced.

    Notes
    -----
    A window that does not fit the map evenly (AlexNet's 11x11 convolution with 2 pixels of padding, the unpadded pools
    of SqueezeNet) gets its padding in front and the rest of the window behind, so the output is ``ceil(H / stride)``
    pixels and may be one more than before. A head that reads positions (the flattened 7x7 map of AlexNet and VGG)
    keeps doing so: their features are equivariant, their logits are not invariant; nor are those of transformers with
    windows or position embeddings. The table lists under ``kept`` where the map is taken apart. Enlarging (the last
    step of segmentation networks) does not wrap around where it mixes neighbours: the pixels at its edges are not
    equivariant, and the table lists it there, too.

    Raises
    ------
    UsageError
        Something pads that cannot be changed, its name and the reason are given; or the model does not take the sizes
        that its maps then have. The model is then as it was.

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
    return wrapped_around(model, skip, example, inplace)


def wrapped_around(model: M, skip: Selectors, example: Example, inplace: bool) -> M:
    """Do what `circular` does, on the model itself."""
    record = follow(model, example)
    names = list(called_pools(model, record, skip, lambda node: not _whole(record, node)))
    model, record, rows = spelled(model, record, "circular", names, example, inplace)
    refuse_hidden(model, record, skip)
    _refuse_functional_edges(model, record, skip)
    plan = Plan([], rows, [Kept("circular", *row) for row in coarser(model, record, skip)])
    plan.kept.extend(_enlarged(model, record, skip))
    plan.kept.extend(positions_read("circular", record))
    seen: set[str] = set()
    for node in record.nodes:
        if node.is_module and node.where not in seen and not matches(node.where, _at(model, node), as_tuple(skip)):
            seen.add(node.where)
            _plan_module(plan, node.where, _at(model, node), record.shapes[node.inputs[0]])
    changed = plan.carry_out(copied(model) if inplace else model)
    if plan.changes:
        _refuse_other_sizes(changed, record)
    return plan.carry_out(model) if inplace else changed


def _refuse_other_sizes(changed: nn.Module, record: Record) -> None:
    """Refuse a model that does not take the sizes which maps have once every layer keeps them."""
    try:
        follow(changed, torch.empty(record.shapes[record.source], device="meta"))
    except UsageError as error:
        what = f"wrapped around, maps keep the size that they lost at the edges, and then {error.what}"
        hint = "A head or position embedding reads one size: leave layers that pad less than their window with skip."
        raise UsageError(what, hint=hint) from error


def _enlarged(model: nn.Module, record: Record, skip: Selectors) -> list[Kept]:
    """Enlargements that mix neighbours, whose edges do not wrap around."""
    rows: dict[Kept, None] = {}
    for node in record.nodes:
        module = _at(model, node)
        resizes = isinstance(module, nn.Upsample) if node.is_module else node.op in ("interpolate", "upsample")
        if not resizes or matches(node.where, module, as_tuple(skip)):
            continue
        before, after = record.shapes[node.inputs[0]][-2:], record.shapes[node.outputs[0]][-2:]
        mode = next((a for a in (getattr(module, "mode", None), *node.arguments) if a in ("bilinear", "bicubic")), None)
        if mode and (after[0] > before[0] or after[1] > before[1]):
            reason = f"enlarges the map from {before} to {after} pixels; {mode} does not wrap around at the edges"
            rows[Kept("circular", node.where, node.op, reason)] = None
    return list(rows)


def positions_read(surgery: str, record: Record) -> list[Kept]:
    """The step from which on a model may read positions, at which what is promised of shifts ends."""
    node = taken_apart(record)
    if node is None:
        return []
    value = node.inputs[0]
    rows, columns = (record.shapes[value][axis] for axis in sorted(record.axes[value]))
    reason = (
        f"takes the rows and columns of a map of {rows} x {columns} apart: where windows, position embeddings or a "
        "linear layer over all of it follow, the answer changes with the place of the picture"
    )
    return [Kept(surgery, node.where, node.op, reason)]


def _at(model: nn.Module, node: Node) -> nn.Module:
    return model.get_submodule(node.where)


def _refuse_functional_edges(model: nn.Module, record: Record, skip: Selectors) -> None:
    for node in record.nodes:
        if node.is_module or matches(node.where, _at(model, node), as_tuple(skip)):
            continue
        before, after = record.shapes[node.inputs[0]], record.shapes[node.outputs[0]]
        if node.op == "pad" and len(before) == len(after) == 4 and before[-2:] != after[-2:]:
            raise refuse(node.where, f"{class_name(_at(model, node))} pads in its forward, which cannot be changed")
        if max(node.window, default=1) > 1 and not _whole(record, node):
            what = f"{class_name(_at(model, node))} calls {node.op} in its forward"
            raise refuse(node.where, f"{what}, whose windows cannot be made to wrap around")


def _whole(record: Record, node: Node) -> bool:
    """Whether a window is the whole map, without an edge to wrap around."""
    return node.window == record.shapes[node.inputs[0]][-2:]


def _plan_module(plan: Plan, name: str, module: nn.Module, shape: tuple[int, ...]) -> None:
    """Plan the change of one module and of the blurs in it, if there is anything to change."""
    if isinstance(module, _FIXED):
        raise refuse(name, f"{class_name(module)} has no circular form here")
    changes = [change for change in (own_change(name, module, shape), blur_change(module)) if change]
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
