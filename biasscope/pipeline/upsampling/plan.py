"""What is looked at: models, pictures or latents, remedies; decided before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import torch
from torch import Tensor

from biasscope.core.errors import InputError, UsageError
from biasscope.core.randomness import generator
from biasscope.images.picture import ImageSource
from biasscope.models import LoadedModel
from biasscope.models.device import resolve_device
from biasscope.pipeline.common.pictures import still
from biasscope.pipeline.definition import UpsamplingAnalysis
from biasscope.upsampling import REMEDIES, Analysis

EMBEDDED = ("small:decoder-transposed3", "small:decoder-transposed4", "small:decoder-resize")
"""Models of the embedded default."""
LIMIT, LARGE_LIMIT, LARGE = 32, 8, 128


def limit(asked: UpsamplingAnalysis, models: Sequence[LoadedModel]) -> int | None:
    """Most pictures; ``None`` for all."""
    if asked.limit is not None:
        return asked.limit or None
    side = max(max(model.preprocessing.size) for model in models)
    return LIMIT if side <= LARGE or asked.latent is not None else LARGE_LIMIT


def prepared(source: ImageSource, model: LoadedModel) -> Tensor:
    """Pictures as a model takes them, (N, C, H, W).

    Raises
    ------
    InputError
        There are none.
    """
    found = [model.preprocessing(still(picture)) for picture in source]
    if not found:
        raise InputError("there are no pictures", where=source.name, hint="Give --images SOURCE.")
    return torch.stack(found)


def latents(asked: UpsamplingAnalysis, most: int | None) -> Tensor:
    """Latents from a standard normal law, (N, ...)."""
    shape = (most or LIMIT, *(asked.shape or ()))
    return torch.from_numpy(generator(asked.seed, "latents").standard_normal(shape)).float()


def first(inputs: Tensor, most: int | None) -> Tensor:
    """At most so many inputs."""
    return inputs if most is None else torch.stack(list(islice(inputs, most)))


def remedies(asked: UpsamplingAnalysis, found: Analysis) -> list[str]:
    """Remedies that are worth a try: those of the passes that the model has.

    Raises
    ------
    UsageError
        There is no such remedy.
    """
    if asked.remedies == ["none"]:
        return []
    for name in asked.remedies:
        if name not in REMEDIES:
            hint = f"There are {', '.join(REMEDIES)}, or none."
            raise UsageError(f"there is no remedy {name!r}", where="--remedies", hint=hint)
    ways = {"forward": bool(found.structure.forward), "backward": bool(found.structure.backward)}
    wanted = list(dict.fromkeys(asked.remedies or REMEDIES))
    return [name for name in wanted if ways[REMEDIES[name].facts["of"]]]


def device(asked: UpsamplingAnalysis) -> torch.device:
    """Where models run; accelerators without float64 are left alone."""
    named = resolve_device(asked.device)
    return torch.device("cpu") if named.type == "mps" else named
