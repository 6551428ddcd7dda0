"""Which axes of every value are rows and columns of the picture, as far as the steps of a pass tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
REARRANGING = _SWAPS | {"reshape", "view", "flatten", "unflatten", "permute", "movedim", "moveaxis", "contiguous"}
"""Functions after which the same numbers stand in other places."""
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


def folded(before: Sequence[int], after: Sequence[int]) -> int:
    """Side of the blocks of pixels that became channels from a map to another, channels second or last; 1 if none did.

    Examples
    --------
    >>> folded((1, 8, 8, 96), (1, 4, 4, 384)), folded((1, 8, 6, 6), (1, 72, 2, 2)), folded((1, 8, 6, 6), (1, 8, 6, 6))
    (2, 3, 1)
    """
    if len(before) != 4 or len(after) != 4 or before[0] != after[0] or not 0 < after[2] < before[2]:
        return 1
    side = before[2] // after[2]
    last = (before[0], before[1] / side, before[2] / side, before[3] * side**2)
    second = (before[0], before[1] * side**2, before[2] / side, before[3] / side)
    return side if tuple(after) in (last, second) else 1


def folds(record: Record) -> list[tuple[Node, int]]:
    """Steps that end what moves blocks of pixels into channels by reshaping, and the side of the blocks."""
    start: dict[int, int] = {}
    found = []
    for node in record.nodes:
        if node.is_module or node.op not in REARRANGING:
            continue
        first, after = start.get(node.inputs[0], node.inputs[0]), node.outputs[0]
        side = folded(record.shapes[first], record.shapes[after])
        if side > 1:
            found.append((node, side))
        elif len(record.shapes[after]) != 4:
            start[after] = first
    return found


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
