"""Which axes of every value are rows and columns of the picture, as far as the steps of a pass tell."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

from torch import Tensor

from biasscope.models.surgery.reading.record import Node, Record

Axes = frozenset[int]
_MAPS = frozenset(("Upsample", "interpolate", "upsample", "pixel_shuffle", "PixelShuffle", "group_norm", "GroupNorm"))
_SWAPS = frozenset(("transpose", "transpose_", "swapaxes", "swapdims"))
_RESHAPES = frozenset(
    ("reshape", "view", "flatten", "unflatten", "view_as", "reshape_as", "unfold", "Flatten", "Unflatten", "Unfold")
)
_MIXED = _RESHAPES | {"einsum", "matmul", "__matmul__", "bmm"}
_SUMMED = frozenset(("mean", "sum", "amax", "max", "var", "std", "AdaptiveAvgPool1d", "adaptive_avg_pool1d"))


def spatial_axes(record: Record) -> dict[int, Axes]:
    """Rows and columns among the axes of each value; those whose axes a reshape or a product mixes are left out.

    The input is (N, C, H, W), and so is what a two-dimensional layer makes; a permutation moves the axes, and other
    steps that keep their number keep them.
    """
    found: dict[int, Axes] = {record.source: frozenset((2, 3))}
    for node in record.nodes:
        given = next((found[value] for value in node.inputs if value in found), None)
        for value in node.outputs:
            axes = _after(record, node, given, len(record.shapes[value]))
            if axes is not None:
                found[value] = axes
    return found


def _after(record: Record, node: Node, given: Axes | None, dims: int) -> Axes | None:
    if dims == 4 and (node.op.endswith("2d") or node.op in _MAPS):
        return frozenset((2, 3))
    if given is None or node.op in _RESHAPES:
        return (
            None if given is None else _reshaped(record.shapes[node.inputs[0]], record.shapes[node.outputs[0]], given)
        )
    if dims != len(record.shapes[node.inputs[0]]) or node.op in _MIXED:
        return None
    if node.op in ("permute", "movedim", "moveaxis", *_SWAPS):
        order = _order(node.op, list(_numbers(node.arguments)), dims)
        return frozenset(place for place, axis in enumerate(order) if axis in given) if order else None
    return given


def _reshaped(before: tuple[int, ...], after: tuple[int, ...], given: Axes) -> Axes | None:
    """Rows and columns where they were the last two axes and still are, as in a channel shuffle."""
    last = given == {len(before) - 2, len(before) - 1} and before[-2:] == after[-2:] and len(after) > 2
    return frozenset((len(after) - 2, len(after) - 1)) if last else None


def taken_apart(record: Record) -> Node | None:
    """First step after which rows and columns of a map are no axes any more, unless they are but summed up.

    What stands behind it, as windows, position embeddings or a linear layer over a flattened map, may read positions.
    """
    for node in record.nodes:
        value, after = node.inputs[0], node.outputs[0]
        axes = record.axes.get(value, frozenset())
        pixels = prod(record.shapes[value][axis] for axis in axes)
        if node.op not in _RESHAPES or pixels < 2 or after in record.axes:
            continue
        if any(reader.op not in _SUMMED for reader in record.consumers(after)):
            return node
    return None


def _numbers(arguments: Iterable[Any]) -> Iterable[int]:
    for argument in arguments:
        if isinstance(argument, int):
            yield argument
        elif isinstance(argument, (tuple, list)):
            yield from argument


def _order(op: str, given: list[int], dims: int) -> list[int]:
    """Old axis at each new place; nothing where that is not known."""
    numbers, order = [number % dims for number in given], list(range(dims))
    if op == "permute":
        return numbers if len(numbers) == dims else []
    if len(numbers) != 2:
        return []
    first, second = numbers
    if op in _SWAPS:
        order[first], order[second] = second, first
    else:
        order.insert(second, order.pop(first))
    return order


def stepped(index: Any, dims: int) -> Axes:
    """Axes that an index steps over, as 2 and 3 of ``x[:, :, ::2, ::2]``.

    Examples
    --------
    >>> sorted(stepped((..., slice(None, None, 2)), 4)), sorted(stepped((slice(None), slice(1, None, 2)), 4))
    ([3], [1])
    """
    parts = [part for part in (index if isinstance(index, tuple) else (index,)) if part is not None]
    taken = sum(_takes(part) for part in parts if part is not Ellipsis)
    axis, found = 0, set()
    for part in parts:
        if isinstance(part, slice) and part.step not in (None, 1, -1):
            found.add(axis)
        axis += dims - taken if part is Ellipsis else _takes(part)
    return frozenset(found)


def _takes(part: Any) -> int:
    """Axes that a part of an index stands for."""
    return part.dim() if isinstance(part, Tensor) and str(part.dtype) == "torch.bool" else 1
