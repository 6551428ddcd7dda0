"""Feature maps that follow a moving object, or do not: small pictures of the input and of one map of a layer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from biasscope.core.errors import InputError
from biasscope.core.results import Table
from biasscope.images.picture import Picture
from biasscope.models import Preprocessing
from biasscope.models.borrow import same_draws
from biasscope.models.failures import networks_own
from biasscope.models.outputs import tensors
from biasscope.pipeline.common.pictures import address
from biasscope.pipeline.common.rows import tabled
from biasscope.pipeline.layers.measurement import Measurement
from biasscope.pipeline.layers.tables import chosen, path, split
from biasscope.trace.layer_result import LayerTrace
from biasscope.trace.probe import as_found, device_of, float_type, unwrap
from biasscope.trace.watch import Call, Watch

STEPS, LAYERS = 5, 4
LARGE = 48
"""Side in pixels that a map is enlarged to, each position a square."""
Row = Mapping[str, Any]


def moving_table(items: Sequence[Measurement], pictures: Sequence[Picture]) -> Table:
    """One row a model, layer and step: what went in, and the map of the layer that varies most."""
    rows = [row for item in items for row in _moving(item, pictures)]
    return tabled("moving", rows, "A map of a layer while the picture moves", "step")


def _moving(item: Measurement, pictures: Sequence[Picture]) -> Iterator[Row]:
    ready = item.subject.model.preprocessing
    for picture in pictures:
        with suppress(InputError):
            views = steps(item)
            inputs = prepared(item, picture, views)
            yield from _rows(item, picture, inputs, ready, views)
            return


def steps(item: Measurement) -> list[int]:
    """A few views along a line, from end to end."""
    along = path(item.trace.offsets)
    places = np.unique(np.linspace(0, len(along) - 1, min(STEPS, len(along))).round().astype(int))
    return [along[place] for place in places.tolist()]


def prepared(item: Measurement, picture: Picture, views: Sequence[int], index: int = 0) -> Tensor:
    """Views of a picture as the model gets them, (V, C, H, W).

    Raises
    ------
    InputError
        The picture cannot take these shifts.
    """
    ready = item.subject.model.preprocessing
    source = item.transformation.source(picture, ready, index)[None]
    out = torch.empty(len(views), ready.channels, *ready.size)
    item.transformation.open(source, [index]).write(out, list(views), [0] * len(views))
    return out


def _rows(
    item: Measurement, picture: Picture, inputs: Tensor, ready: Preprocessing, views: Sequence[int]
) -> Iterator[Row]:
    shown = [layer for layer in chosen(item) if not split(layer)]
    places = np.unique(np.linspace(0, len(shown) - 1, min(LAYERS, len(shown))).round().astype(int))
    layers = [shown[place] for place in places.tolist()]
    maps = activations(item.subject.model.module, inputs, layers, functional=bool(item.functions), label=item.label)
    pixels = [address(pixels_of(one, ready)) for one in inputs]
    for layer in layers:
        if layer.name not in maps:
            continue
        best = strongest(maps[layer.name])
        for place, view in enumerate(views):
            dy, dx = item.trace.offsets[view].tolist()
            facts = {"model": item.label, "layer": layer.name, "image_id": picture.image_id, "dy": dy, "dx": dx}
            yield {**facts, "picture": pixels[place], "map": address(best[place])}


def pixels_of(prepared_input: Tensor, ready: Preprocessing) -> NDArray[np.uint8]:
    """Prepared input (C, H, W) as pixels again."""
    shown = (ready.denormalise(prepared_input).clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return shown[:, :, 0] if ready.channels == 1 else shown[:, :, :3]


def strongest(maps: Tensor) -> NDArray[np.uint8]:
    """Map of (V, C, H, W) that varies most over the first picture, as pixels on one scale for all V views."""
    place = int(maps[0].flatten(1).var(1, correction=0).nan_to_num(0.0).argmax())
    values = maps[:, place].nan_to_num(0.0)
    low, high = values.amin(), values.amax()
    scaled = ((values - low) / (high - low).clamp_min(1e-12) * 255).round().to(torch.uint8).numpy()
    factor = max(LARGE // max(scaled.shape[1:]), 1)
    return scaled.repeat(factor, 1).repeat(factor, 2)


def activations(
    module: nn.Module, inputs: Tensor, layers: Sequence[LayerTrace], *, functional: bool = False, label: str = ""
) -> dict[str, Tensor]:
    """Maps (V, C, H, W) of some layers in one pass, on the CPU; layers that give several tensors are left out."""
    found: dict[str, list[Tensor]] = {}
    wanted = {layer.name.partition("#")[0] for layer in layers}

    def receive(call: Call) -> None:
        if call.name in wanted:
            found.setdefault(call.name, []).append(next(tensors(call.output)).detach().float().cpu().clone())

    plain = unwrap(module)
    ready = inputs.to(device_of(plain), float_type(plain))
    with as_found(plain), same_draws(), Watch(plain, receive, wanted, functional) as watch:
        watch.begin()
        with networks_own(ready.shape[1:], label):
            plain(ready)
    named = {layer.name: _call(found, layer) for layer in layers}
    return {name: maps for name, maps in named.items() if maps is not None}


def _call(found: Mapping[str, list[Tensor]], layer: LayerTrace) -> Tensor | None:
    name, _, number = layer.name.partition("#")
    place = int(number) - 1 if number.isdigit() else 0
    calls = found.get(name, [])
    maps = calls[place] if place < len(calls) else None
    good = maps is not None and maps.dim() == 4 and maps.shape[2:] == (layer.height, layer.width)
    return maps if good else None
