"""The one way to a network's structure: `structure`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.models import LoadedModel, Preprocessing, load_model
from biasscope.models.borrow import same_draws
from biasscope.models.surgery.layers.spelled import class_name
from biasscope.trace.probe import as_found, device_of, float_type, looked_at, unwrap
from biasscope.trace.structure.fields import Fields, fields, sees
from biasscope.trace.structure.passed import Pair, chooses_phase, largest_stride, last_map, passed_strides
from biasscope.trace.structure.result import LayerStructure, Structure, Tail
from biasscope.trace.structure.statement import ROUNDING
from biasscope.trace.structure.tail import circular_error, swap_error
from biasscope.trace.watch import leaf

if TYPE_CHECKING:
    from biasscope.trace.layer import Layer, Place
    from biasscope.trace.places import Selectors

Input = Tensor | Preprocessing | Sequence[int] | int | None


def structure(
    model: str | LoadedModel | nn.Module,
    size: Input = None,
    *,
    layers: Selectors = None,
    gradients: bool = True,
    label: str | None = None,
) -> Structure:
    """Find out how a network samples a picture: strides, position grid, receptive field, classifier tail.

    Parameters
    ----------
    model
        A specification, a `LoadedModel` or any ``nn.Module`` from (N, C, H, W). It is left as it was.
    size
        Of the picture: a side, (H, W), (C, H, W), a `Preprocessing`, or one picture (1, C, H, W). The model's own if
        not given.
    layers
        As `biasscope.trace` takes them.
    gradients
        Whether the receptive field of layers behind operations that are not known is found by gradients: one pass
        through a copy of the network for each.
    label
        Name of the model in the result.

    Returns
    -------
        Layers in order of execution, and the tail.

    Notes
    -----
    Both definitions of the subsampling factor are given, since they differ: the product of strides, and side of the
    picture by side of the map. Invariance can be expected at 1 / s^2 of the translations, where s is the largest
    product on the way: upsampling brings no phase back. Polyphase layers choose the phase by the content instead.

    References
    ----------
    Azulay and Weiss, JMLR 20(184), 2019, section 4 (subsampling factors, 1 / s^2); Araujo et al., Distill 2019
    (receptive fields).

    Raises
    ------
    UsageError
        The network cannot be run on such a picture, or no layer gives maps.

    Examples
    --------
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 7, 2, 3), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.AdaptiveAvgPool2d(1),
    ...                     nn.Flatten(), nn.Linear(4, 2))
    >>> found = structure(net, (1, 64, 64))
    >>> found["2"].stride, found["2"].receptive_field, found.tail.kind, found.invariant_share
    ((4.0, 4.0), (11, 11), 'pooling', 0.0625)
    """
    from biasscope.trace.blame.trunk import trunk  # here: these two read the strides of this package
    from biasscope.trace.places import layers_of

    loaded = load_model(model) if isinstance(model, str) else model
    module = unwrap(loaded.module if isinstance(loaded, LoadedModel) else loaded)
    example = _example(loaded, module, size)
    with as_found(module), same_draws():
        probed, with_functions = (looked_at(module, example, functional) for functional in (False, True))
        every, chosen = layers_of(with_functions, "*"), layers_of(probed, layers)
        facts = _Facts(module, example, fields(module, example), gradients, passed_strides(every), _phase(every))
        circular = circular_error(module, example) if facts.phase == "content" else None
        exact = circular is not None and circular < ROUNDING
        rows = tuple(facts.row(depth, layer, exact) for depth, layer in enumerate(chosen))
        through: Sequence[Any] = trunk(module, example, probed)
        last = last_map([getattr(one, "layer", one) for one in through], every)
        tail = _tail(module, example, last)
        final = None if last is None else facts.row(len(every), last, exact)
    name = loaded.provenance.spec if isinstance(loaded, LoadedModel) else class_name(module)
    side = int(example.shape[-2]), int(example.shape[-1])
    return Structure(
        rows, tail, final, side, label or name, {"height": side[0], "width": side[1]}, _notes(rows, every, final),
        largest_stride(facts.passed), facts.phase, circular,
    )  # fmt: skip


def _example(loaded: LoadedModel | nn.Module, module: nn.Module, size: Input) -> Tensor:
    """One picture of noise, (1, C, H, W), of the model's type."""
    kind, device = float_type(module), device_of(module)
    if isinstance(size, Tensor):
        return size[:1].to(device, kind)
    if size is None and isinstance(loaded, LoadedModel):
        size = loaded.preprocessing
    if size is None:
        raise UsageError("the size of the network's input is not known", hint="structure(model, (C, H, W)), say.")
    channels = next((m.in_channels for m in module.modules() if isinstance(m, nn.Conv2d)), 3)
    sides = (
        tuple(size.size) if isinstance(size, Preprocessing) else (size, size) if isinstance(size, int) else tuple(size)
    )
    shape = sides[-3:] if len(sides) > 2 else (channels, *sides)
    noise = torch.randn(1, *shape, generator=torch.Generator().manual_seed(0))
    return noise.to(device, kind)


@dataclass(frozen=True)
class _Facts:
    """What every row starts from."""

    module: nn.Module
    example: Tensor
    known: dict[Place, Fields]
    gradients: bool
    passed: dict[Place, Pair]
    phase: str

    def row(self, depth: int, layer: Layer, exact: bool) -> LayerStructure:
        """One layer; ``exact`` where the content chooses every phase, and shifts change nothing."""
        stride = None if layer.stride is None else (float(layer.stride[0]), float(layer.stride[1]))
        field = self.known.get(layer.place) if stride is not None else None
        offset: tuple[float, float] | None = None
        extent: tuple[int, int] | None = None
        gridding: float | None = None
        method = ""
        if field is not None:
            vertical, horizontal = field
            offset, extent = (vertical.offset, horizontal.offset), (vertical.size, horizontal.size)
            gridding, method = 1 - (1 - vertical.gridding) * (1 - horizontal.gridding), "graph"
        elif stride is not None and self.gradients and layer.module is not None:
            height, width, seen = sees(self.module, self.example, layer.place, layer.axes)
            if height * width:
                extent, method = (height, width), "gradient"
                gridding = 1 - float(seen.sum()) / (height * width)
        return LayerStructure(
            layer.name, layer.kind, depth, layer.channels, *layer.size, stride, offset, layer.subsampling, layer.factor,
            layer.ratio, extent, gridding, method, self._share(layer, exact),
        )  # fmt: skip

    def _share(self, layer: Layer, exact: bool) -> float | None:
        if layer.stride is None:
            return None
        vertical, horizontal = self.passed.get(layer.place, (1.0, 1.0))
        return 1.0 if exact else 1 / (vertical * horizontal)


def _phase(every: Sequence[Layer]) -> str:
    """How positions are chosen where they get fewer."""
    inner = [layer for layer in every if layer.subsampling and (layer.module is None or leaf(layer.module))]
    if not inner:
        return ""
    return "content" if all(chooses_phase(layer.module) for layer in inner) else "fixed"


def _tail(module: nn.Module, example: Tensor, last: Layer | None) -> Tail:
    if last is None:
        return Tail("", "", None)
    error = swap_error(module, example, last)
    kind = "" if error is None else "pooling" if error == 0 else "flatten"
    return Tail(kind, last.name, error)


def _notes(rows: Sequence[LayerStructure], every: Sequence[Layer], last: LayerStructure | None) -> tuple[str, ...]:
    said = []
    if any(row.method == "gradient" for row in (*rows, *([last] if last else []))):
        said.append("Some receptive fields were found by gradients: they end where the picture ends.")
    functions = [f"{layer.name} (by {max(layer.factor)})" for layer in every if not layer.module and layer.subsampling]
    if functions:
        said.append(f"Functions that subsample, which are no modules: {', '.join(functions)}.")
    return tuple(said)
