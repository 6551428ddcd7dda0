"""Which layers of different models are shown beside each other."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.figures.frame import rows
from biasscope.figures.labels import short
from biasscope.figures.layers.depth import depth, merged
from biasscope.figures.looks import names, of

Row = dict[str, Any]
Stage = dict[str, str]
"""Model to its layer at a stage."""


def stages(result: Result, found: list[Row]) -> list[Stage]:
    """Layers of the models side by side, the first of the network first.

    Layers of one name stand beside each other where all models show the same. Surgery gives layers other names: then
    layers that sample the picture equally densely do, in their order where there are several, and a layer is alone
    where no other model has one. Where strides are not known the first shown layer of each model stands beside the
    first of the others and so on, if all models show equally many; else layers of one name.
    """
    places = depth(result).places
    shown = {model: _ordered(of(found, model), places.get(model, {})) for model in names(found)}
    strides = {(row.get("model"), row.get("layer")): row.get("stride") for row in rows(result, "layers")}
    keys = {model: _counted([strides.get((model, name)) for name in layers]) for model, layers in shown.items()}
    same = len({tuple(layers) for layers in shown.values()}) == 1
    if not same and all(key[0] is not None for model in keys for key in keys[model]):
        layers = {model: dict(zip(keys[model], shown[model], strict=True)) for model in shown}
        return [{model: named[key] for model, named in layers.items() if key in named} for key in merged(keys.values())]
    if len({len(layers) for layers in shown.values()}) == 1:
        models = list(shown)
        return [dict(zip(models, line, strict=True)) for line in zip(*shown.values(), strict=True)]
    order = merged(shown.values())
    return [{model: name for model, layers in shown.items() if name in layers} for name in order]


def _counted(strides: list[Any]) -> list[tuple[Any, int]]:
    """Every stride with its number among those that are the same.

    >>> _counted([2, 4, 4])
    [(2, 0), (4, 0), (4, 1)]
    """
    return [(stride, strides[:place].count(stride)) for place, stride in enumerate(strides)]


def _ordered(found: list[Row], places: dict[str, float]) -> list[str]:
    given = names(found, "layer")
    return sorted(given, key=lambda name: places.get(name, float("inf")))


def title(stage: Stage) -> str:
    """Names of the layers of a stage, each once.

    >>> title({"a": "pool", "b": "pool.blur", "c": "pool"})
    'pool / pool.blur'
    """
    return " / ".join(short(name, 40) for name in dict.fromkeys(stage.values()))
