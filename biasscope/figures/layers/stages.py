"""Which layers of different models are shown beside each other."""

from __future__ import annotations

from typing import Any

from biasscope.core.results import Result
from biasscope.figures.labels import short
from biasscope.figures.layers.depth import depth, merged
from biasscope.figures.looks import names, of

Row = dict[str, Any]
Stage = dict[str, str]
"""Model to its layer at a stage."""


def stages(result: Result, found: list[Row]) -> list[Stage]:
    """Layers of the models side by side, the first of the network first.

    Surgery gives layers other names, so the first shown layer of each model stands beside the first of the others, the
    second beside the second and so on, where all models show equally many; else layers of one name.
    """
    places = depth(result).places
    shown = {model: _ordered(of(found, model), places.get(model, {})) for model in names(found)}
    if len({len(layers) for layers in shown.values()}) == 1:
        models = list(shown)
        return [dict(zip(models, line, strict=True)) for line in zip(*shown.values(), strict=True)]
    order = merged(shown.values())
    return [{model: name for model, layers in shown.items() if name in layers} for name in order]


def _ordered(found: list[Row], places: dict[str, float]) -> list[str]:
    given = names(found, "layer")
    return sorted(given, key=lambda name: places.get(name, float("inf")))


def title(stage: Stage) -> str:
    """Names of the layers of a stage, each once.

    >>> title({"a": "pool", "b": "pool.blur", "c": "pool"})
    'pool / pool.blur'
    """
    return " / ".join(short(name, 40) for name in dict.fromkeys(stage.values()))
