"""The densest and the sparsest grid on the way: strides passed through, and the last map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from biasscope.nn.polyphase import PolyphaseSampling2d
from biasscope.trace.layer import Layer, Place

Pair = tuple[float, float]


def passed_strides(every: Sequence[Layer]) -> dict[Place, Pair]:
    """Largest product of strides up to every layer, itself included, in order of execution, (vertical, horizontal)."""
    made: dict[Place, Pair] = {}
    vertical = horizontal = 1.0
    for layer in every:
        if layer.stride is not None:
            vertical, horizontal = max(vertical, float(layer.stride[0])), max(horizontal, float(layer.stride[1]))
        made[layer.place] = vertical, horizontal
    return made


def largest_stride(passed: Mapping[Place, Pair]) -> Pair | None:
    """Largest of all."""
    return list(passed.values())[-1] if passed else None


def last_map(trunk: Sequence[Layer], every: Sequence[Layer]) -> Layer | None:
    """Last layer with more than one position that everything passes through; functions count where they subsample."""
    last = next((layer for layer in reversed(trunk or every) if _wide(layer)), None)
    places = [layer.place for layer in every]
    if last is None or last.place not in places:
        return last
    behind = [layer for layer in every[places.index(last.place) + 1 :] if layer.module is None and _wide(layer)]
    return behind[-1] if any(layer.subsampling for layer in behind) else last


def _wide(layer: Layer) -> bool:
    return max(layer.size) > 1 and layer.stride is not None


def chooses_phase(module: nn.Module | None) -> bool:
    """Whether a layer's content decides which positions it keeps.

    >>> chooses_phase(PolyphaseSampling2d(2)), chooses_phase(nn.MaxPool2d(2)), chooses_phase(None)
    (True, False, False)
    """
    return module is not None and any(isinstance(part, PolyphaseSampling2d) for part in module.modules())
