"""Where a model subsamples and no module can be replaced."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from biasscope.models.surgery.layers.spelled import class_name
from biasscope.models.surgery.reading.axes import stepped
from biasscope.models.surgery.reading.record import Node, Record, pair
from biasscope.models.surgery.reading.selection import Selectors, as_tuple, matches
from biasscope.models.surgery.reading.sites import refuse
from biasscope.nn import PacConv2d, PacPool2d

_UNSUPPORTED = (nn.LPPool2d, nn.FractionalMaxPool2d, nn.Conv3d, nn.MaxPool3d, nn.AvgPool3d, nn.PixelUnshuffle)
_ADAPTIVE = ("AdaptiveAvgPool2d", "AdaptiveMaxPool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d")
_PICKING = ("index_select", "gather", "as_strided", "grid_sample", "fractional_max_pool2d")
_FUNCTIONAL_POOLS = ("max_pool2d", "max_pool2d_with_indices", "avg_pool2d", "lp_pool2d", "conv2d")


def _steps_over(record: Record, node: Node) -> bool:
    """Whether an index slices rows or columns with a step, as ``x[:, :, ::2, ::2]`` does.

    Where axes are not known, those of attention among them, steps over the second axis of four, which is that of
    channels, or over the last alone, as rotary embeddings take every second feature, are none.
    """
    value, after = node.inputs[0], record.shapes[node.outputs[0]]
    before = record.shapes[value]
    axes = frozenset[int]().union(
        *(stepped(argument, len(before)) for argument in node.arguments if argument is not None)
    )
    if value in record.axes:
        return bool(axes & record.axes[value])
    in_channels = len(before) == len(after) == 4 and before[-2:] == after[-2:]
    return bool(axes) and not in_channels and axes != {len(before) - 1}


def strided(record: Record, node: Node) -> bool:
    """Whether a pool or convolution called as a function makes a map coarser, but not one pixel of it."""
    before, after = record.shapes[node.inputs[0]], record.shapes[node.outputs[0]]
    if len(before) != 4 or len(after) != 4:
        return False
    coarser = after[-1] * 2 <= before[-1] + 1 or after[-2] * 2 <= before[-2] + 1
    return coarser and after[-2:] != (1, 1)


def _hidden(record: Record, node: Node) -> str | None:
    """What a function does that surgery would have to replace, if anything."""
    before, after = record.shapes[node.inputs[0]], record.shapes[node.outputs[0]]
    if node.op in _FUNCTIONAL_POOLS:
        return f"calls {node.op} with a stride in its forward" if strided(record, node) else None
    if node.op == "__getitem__" and len(before) >= 4 and _steps_over(record, node):
        return "slices with a step in its forward"
    if node.op == "pixel_unshuffle":
        return "moves pixels into channels with pixel_unshuffle in its forward"
    if node.op in ("interpolate", "upsample") and _shrinks(before, after):
        return f"shrinks the map with {node.op} in its forward"
    return None


def _shrinks(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether a map has fewer rows or columns afterwards."""
    return len(before) == len(after) == 4 and (after[-1] < before[-1] or after[-2] < before[-2])


def coarser(model: nn.Module, record: Record, skip: Selectors) -> list[tuple[str, str, str]]:
    """Name, kind and reason of every step that subsamples and has no form that an operation could put there."""
    rows: dict[tuple[str, str, str], None] = {}
    for node in record.nodes:
        module = model.get_submodule(node.where)
        reason = _coarser(record, node, module)
        if reason and not matches(node.where, module, as_tuple(skip)):
            rows[node.where, node.op, reason] = None
    return list(rows)


def _coarser(record: Record, node: Node, module: nn.Module) -> str | None:
    before, after = record.shapes[node.inputs[0]], record.shapes[node.outputs[0]]
    sizes = f"{before[-2:]} to {after[-2:]} pixels"
    if node.op in _ADAPTIVE and _shrinks(before, after) and after[-2:] != (1, 1):
        return f"an adaptive pool from {sizes} has no fixed stride"
    if node.is_module and isinstance(module, nn.Upsample) and _shrinks(before, after):
        return f"shrinks the map from {sizes}"
    if node.is_module and isinstance(module, nn.Unfold) and max(pair(module.stride)) > 1:
        return f"cuts patches at stride {pair(module.stride)}"
    return None if node.is_module else _picks(node, before, after)


def _picks(node: Node, before: tuple[int, ...], after: tuple[int, ...]) -> str | None:
    """What a function in a forward does that takes some pixels or patches of a map and leaves others out."""
    if node.op == "unfold" and len(before) >= 4:
        rest = node.arguments[1:]
        step = rest[3] if len(after) == 3 else rest[2]
        return f"cuts patches at stride {step} in its forward" if max(pair(step)) > 1 else None
    listed = node.op == "__getitem__" and any(_lists(argument) for argument in node.arguments)
    if (listed or node.op in _PICKING) and _shrinks(before, after):
        return f"takes pixels with {node.op} in its forward, {before[-2:]} to {after[-2:]}"
    return None


def _lists(argument: Any) -> bool:
    """Whether an index gives rows or columns one by one, as ``x[:, :, [0, 2, 4]]`` does."""
    index = argument if isinstance(argument, tuple) else (argument,)
    return any(isinstance(part, (list, Tensor)) for part in index)


def _plain_3d(module: nn.Module) -> bool:
    """Whether a layer is a three-dimensional convolution without a stride, as in lambda layers."""
    return isinstance(module, nn.Conv3d) and max(module.stride) == 1


def refuse_hidden(model: nn.Module, record: Record, skip: Selectors) -> None:
    """Refuse a model that subsamples where no module can be replaced.

    Raises
    ------
    UsageError
        Naming the module and what it does.
    """
    for node in record.nodes:
        if matches(node.where, model.get_submodule(node.where), as_tuple(skip)):
            continue
        if node.is_module:
            module = model.get_submodule(node.where)
            if isinstance(module, _UNSUPPORTED) and not _plain_3d(module):
                raise refuse(node.where, f"{class_name(module)} has no replacement")
            if isinstance(module, (PacConv2d, PacPool2d)) and max(pair(module.stride)) > 1:
                what = f"{class_name(module)} subsamples at stride {module.stride}, which cannot be replaced"
                raise refuse(node.where, what, "Apply pac last, or leave this layer with skip=[name].")
        elif reason := _hidden(record, node):
            kind = class_name(model.get_submodule(node.where))
            hint = "Apply same_padding first." if kind == "Conv2dSame" else ""
            if node.op in ("max_pool2d", "avg_pool2d"):
                hint = "Make it a module, as nn.MaxPool2d, or leave it as it is with skip=[name]."
            raise refuse(node.where, f"{kind} {reason}, where nothing can be put in its place", hint)
