"""Receptive field of every layer along the recorded graph, where all operations on the way are known."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from biasscope.models.borrow import same_draws
from biasscope.models.failures import networks_own
from biasscope.models.outputs import tensors
from biasscope.trace.layer import Place
from biasscope.trace.probe import as_found
from biasscope.trace.structure.field import PIXEL, Field
from biasscope.trace.structure.windows import POINT, Axes, windows_of, windows_of_function
from biasscope.trace.watch import Call, Watch, leaf

Fields = tuple[Field, Field]
_SQUARE = nn.modules.activation
_POINTWISE = (
    nn.BatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d, nn.LayerNorm, nn.LocalResponseNorm, nn.Identity, nn.Dropout,
    nn.Dropout2d, nn.ChannelShuffle, nn.Linear,
)  # fmt: skip
_NAMES = ("Permute", "StochasticDepth", "DropPath")
_FUNCTIONS = frozenset({
    "relu", "relu_", "relu6", "silu", "gelu", "hardswish", "hardtanh", "leaky_relu", "sigmoid", "tanh", "softplus",
    "mish", "elu", "celu", "clamp", "clamp_", "dropout", "batch_norm", "layer_norm", "permute", "transpose", "linear",
    "add", "add_", "sub", "mul", "mul_", "div", "cat", "concat", "concatenate", "stack", "__add__", "__radd__",
    "__iadd__", "__mul__", "__rmul__", "__imul__", "__sub__", "__truediv__", "neg", "pow", "abs", "chunk", "split",
    "stochastic_depth", "local_response_norm", "group_norm", "maximum", "minimum", "where",
})  # fmt: skip
_VIEWS = frozenset({
    "view", "reshape", "transpose", "contiguous", "chunk", "split", "clone", "detach", "flip", "to", "float", "unbind",
})  # fmt: skip


def fields(model: nn.Module, example: Tensor) -> dict[Place, Fields]:
    """Fields (vertical, horizontal) of the places where they are known.

    Notes
    -----
    Gates that hold one number a map (squeeze and excitation) see the whole picture and are left out, as usual; so are
    the statistics of normalisation over a picture.
    """
    walker = _Walker(example)
    with as_found(model), same_draws(), Watch(model, walker.receive, functional=True) as watch, _Views(walker):
        watch.begin()
        with networks_own(example.shape[1:]):
            model(walker.start)
    return walker.found


class _Walker:
    """Follows tensors by identity; every tensor is kept until the end so that identities stay its own."""

    def __init__(self, example: Tensor) -> None:
        self.start = example.detach().clone()
        self.found: dict[Place, Fields] = {}
        self._known: dict[int, Fields | None] = {id(self.start): (PIXEL, PIXEL)}
        self._alive: list[Tensor] = [self.start]

    def receive(self, call: Call) -> None:
        """Work out what came out of one call."""
        made = list(tensors(call.output))
        if call.module is None or leaf(call.module):
            field = self._field(call)
            for tensor in made:
                self._known[id(tensor)] = field
                self._alive.append(tensor)
        for item, tensor in enumerate(made):
            field = self._known.get(id(tensor))
            if field is not None and tensor.dim() == 4:
                self.found[Place(call.name, call.number, item)] = field

    def view(self, source: Any, output: Any) -> None:
        """Note that tensors hold the maps of another one in another order or number of axes."""
        field = self._known.get(id(source))
        for tensor in tensors(output):
            if field is not None and tensor.shape[-2:] == source.shape[-2:]:
                self._known[id(tensor)] = field
                self._alive.append(tensor)

    def _field(self, call: Call) -> Fields | None:
        maps = [tensor for tensor in tensors(call.inputs) if tensor.dim() == 4 and self._matters(tensor)]
        if not maps:
            return None
        windows = _windows(call, maps[0])
        joined = self._known.get(id(maps[0]))
        for tensor in maps[1:]:
            joined = _joined(joined, self._known.get(id(tensor)))
        if joined is None or windows is None:
            return None
        vertical, horizontal = joined
        for window in windows:
            vertical, horizontal = vertical.through(window[0]), horizontal.through(window[1])
        return vertical, horizontal

    def _matters(self, tensor: Tensor) -> bool:
        """Whether it is a map made from the picture, and not a parameter or a gate of one number a map."""
        return max(tensor.shape[-2:]) > 1 and not isinstance(tensor, nn.Parameter)


class _Views(TorchFunctionMode):
    """Follows maps through functions that only arrange them, also where they have five axes for a while."""

    def __init__(self, walker: _Walker) -> None:
        super().__init__()
        self._walker = walker

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") in _VIEWS and args:
            self._walker.view(args[0], output)
        return output


def _joined(one: Fields | None, other: Fields | None) -> Fields | None:
    if one is None or other is None:
        return None
    vertical, horizontal = one[0].joined(other[0]), one[1].joined(other[1])
    return None if vertical is None or horizontal is None else (vertical, horizontal)


def _windows(call: Call, maps: Tensor) -> list[Axes] | None:
    size = (maps.shape[-2], maps.shape[-1])
    if call.module is None:
        return [POINT] if call.kind in _FUNCTIONS else windows_of_function(call.kind, call.inputs, size)
    if isinstance(call.module, _POINTWISE) or _activation(call.module) or call.kind in _NAMES:
        return [POINT]
    return windows_of(call.module, size)


def _activation(module: nn.Module) -> bool:
    kind: Any = type(module)
    return kind.__module__ == _SQUARE.__name__ and not isinstance(module, nn.MultiheadAttention)


def sees(model: nn.Module, example: Tensor, place: Place, axes: tuple[int, int] = (2, 3)) -> tuple[int, int, Tensor]:
    """Receptive field by the gradient of the position in the middle of a map, where the operations are not known.

    Parameters
    ----------
    model
        Is not touched: a copy is changed so that no part of the gradient can cancel or be blocked.
    example
        One picture (1, C, H, W); what lies outside it is not seen.
    place
        Which map.
    axes
        Of rows and columns.

    Returns
    -------
        Extent (vertical, horizontal) and which pixels are seen, (H, W).
    """
    from biasscope.trace.structure.impulse import seen_pixels

    seen = seen_pixels(model, example, place, axes)
    rows, columns = (torch.nonzero(seen.any(axis)).flatten() for axis in (1, 0))
    if not len(rows):
        return 0, 0, seen
    return int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1, seen
