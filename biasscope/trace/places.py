"""Which places of a network are traced, and what is known about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Literal

from torch import nn

from biasscope.core.errors import UsageError
from biasscope.trace.dense import dense_form
from biasscope.trace.layer import Layer, Place, Size
from biasscope.trace.probe import Probe, Seen
from biasscope.trace.structure.stride import LayerStride, strides
from biasscope.trace.watch import leaf

Selector = str | type[nn.Module]
Selectors = Sequence[Selector] | Selector | None
Split = Literal["none", "pools", "all"]
GROUPS = ("leaves", "blocks", "subsampling", "functions")
_SILENT = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


def layers_of(found: Probe, selectors: Selectors = None, split: Split = "none", each: bool = False) -> list[Layer]:
    """Every layer that is meant, in order of execution.

    Parameters
    ----------
    found
        What the network did with a picture.
    selectors
        Names (``layer1.0.conv1``), patterns (``layer*.bn?``), module types, or the groups ``"leaves"``, ``"blocks"``
        (the outermost modules of the network's own making), ``"subsampling"``, ``"functions"``. Leaves and functions
        if not given.
    split
        Whether max pools, or also strided convolutions (``"all"``), get a second row with what they give at stride 1.
    each
        Whether every tensor of an output counts, or the first only.

    Raises
    ------
    UsageError
        A selector means nothing, or nothing gives maps.
    """
    grid = strides(found)
    rows = [row for row in found.seen if row.place in grid and (each or row.place.item == _first(row, found, grid))]
    if not rows:
        hint = "With functional=True (--functional yes) functions in forward count too."
        raise UsageError("no module of this network gives maps (N, C, H, W)", hint=hint)
    chosen = _chosen(rows, selectors, found, grid)
    calls = Counter(row.place.name for row in found.seen if row.place.item == 0)
    made: list[Layer] = []
    for row in rows:
        if row in chosen:
            made += _with_dense(_layer(row, grid, calls, rows), split, row, grid[row.place])
    return made


def _first(row: Seen, found: Probe, grid: dict[Place, LayerStride]) -> int:
    """Number of the first tensor of an output that is a stack of maps."""
    return next(item for item in range(row.tensors) if Place(row.place.name, row.place.call, item) in grid)


def _with_dense(layer: Layer, split: Split, row: Seen, stride: LayerStride) -> list[Layer]:
    form = dense_form(layer.module) if split != "none" and layer.subsampling else None
    if form is None or stride.incoming is None or (split == "pools" and form[0] != "max"):
        return [layer]
    place = Place(layer.place.name, layer.place.call, layer.place.item, dense=True)
    ratio = layer.ratio[0] / layer.factor[0], layer.ratio[1] / layer.factor[1]
    size, own = (row.incoming[2], row.incoming[3]), stride.incoming
    dense = Layer(
        f"{layer.name}:{form[0]}", f"{layer.kind} at stride 1", place, layer.module, layer.channels, size, layer.axes,
        own, own, ratio, (1, 1), layer.factor,
    )  # fmt: skip
    return [dense, layer]


def _layer(row: Seen, grid: dict[Place, LayerStride], calls: Counter[str], rows: Sequence[Seen]) -> Layer:
    stride = grid[row.place]
    channels = row.shape[1] if stride.axes == (2, 3) else row.shape[3]
    size = row.shape[stride.axes[0]], row.shape[stride.axes[1]]
    call = f"#{row.place.call + 1}" if calls[row.place.name] > 1 else ""
    item = f"[{row.place.item}]" if row.tensors > 1 else ""
    return Layer(
        f"{row.place.name}{call}{item}", row.kind, row.place, row.module, channels, size, stride.axes, stride.product,
        stride.grid, stride.ratio, stride.factor, _coming(row, rows, grid),
    )  # fmt: skip


def _coming(row: Seen, rows: Sequence[Seen], grid: dict[Place, LayerStride]) -> Size | None:
    """Factor of the next step that reads maps of this stride and subsamples them."""
    own = grid[row.place].product
    for later in rows[rows.index(row) + 1 :]:
        stride = grid[later.place]
        if own is not None and stride.incoming == own and max(stride.factor) > 1:
            return stride.factor
    return None


def _chosen(
    rows: Sequence[Seen], selectors: Selectors, found: Probe, grid: dict[Place, LayerStride]
) -> frozenset[Seen]:
    wanted = ("leaves", "functions") if selectors is None else selectors
    many = (wanted,) if isinstance(wanted, (str, type)) else tuple(wanted)
    chosen: set[Seen] = set()
    for selector in many:
        meant = _meant(rows, selector, found, grid)
        if not meant and selectors is not None:
            shown = selector.__name__ if isinstance(selector, type) else repr(selector)
            hint = f"There are {', '.join(GROUPS)}, types, and names as {', '.join(_names(rows)[:8])} ..."
            raise UsageError(f"{shown} means no layer that gives maps", hint=hint)
        chosen.update(meant)
    return frozenset(chosen)


def _names(rows: Iterable[Seen]) -> list[str]:
    return list(dict.fromkeys(row.place.name for row in rows if row.place.name))


def _meant(rows: Sequence[Seen], selector: Selector, found: Probe, grid: dict[Place, LayerStride]) -> list[Seen]:
    if isinstance(selector, type):
        return [row for row in rows if isinstance(row.module, selector)]
    if selector == "leaves":
        return _leaves(rows)
    if selector == "functions":
        return [row for row in rows if row.module is None]
    if selector == "subsampling":
        inner = [*_leaves(rows), *(row for row in rows if row.module is None)]
        return [row for row in inner if max(grid[row.place].factor) > 1]
    if selector == "blocks":
        return _blocks(rows, found)
    return [row for row in rows if _fits(row, selector)]


def _fits(row: Seen, selector: str) -> bool:
    name, _, call = selector.partition("#")
    if call and (not call.isdigit() or row.place.call != int(call) - 1):
        return False
    return row.place.name == name or fnmatchcase(row.place.name, name)


def _leaves(rows: Sequence[Seen]) -> list[Seen]:
    """Modules that count as one layer and are not part of another that does; those that change nothing are left out."""
    leaves = {row.place.name for row in rows if row.module is not None and leaf(row.module)}
    return [
        row
        for row in rows
        if row.place.name in leaves
        and not isinstance(row.module, _SILENT)
        and not any(parent in leaves for parent in _parents(row.place.name))
    ]


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _blocks(rows: Sequence[Seen], found: Probe) -> list[Seen]:
    """Outermost modules of own making; those inside where there is only one, as in a wrapped network."""
    kinds = {row.place.name: row.module for row in found.seen if row.module is not None}
    own = {name for name, module in kinds.items() if name and not leaf(module) and type(module) not in _CONTAINERS}
    depth = {name: sum(parent in own for parent in _parents(name)) for name in own}
    for level in range(max(depth.values(), default=-1) + 1):
        outermost = [row for row in rows if depth.get(row.place.name) == level]
        if len(outermost) > 1:
            return outermost
    return []
