"""What is looked at: models, pictures or latents, remedies; decided before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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


def given(inputs: Any, model: LoadedModel, most: int | None) -> Tensor:
    """At most so many inputs that a caller hands over, in the model's own type of numbers.

    Raises
    ------
    UsageError
        They are no floating-point numbers, or not all finite.
    """
    hint = "Give a tensor (N, C, ...) as the model takes it."
    try:
        values = torch.as_tensor(inputs)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(f"inputs are no tensor: {type(inputs).__name__}", where="inputs", hint=hint) from error
    values = values[:most] if most is not None and values.dim() else values
    if not values.is_floating_point():
        raise UsageError(f"inputs hold whole numbers ({values.dtype})", where="inputs", hint=hint)
    wrong = int((~values.isfinite()).sum())
    if wrong:
        raise UsageError(f"{wrong:,} of {values.numel():,} values are not finite", where="inputs", hint=hint)
    like = next((one for one in model.module.parameters() if one.is_floating_point()), values)
    return values.to(like.dtype)


def named(asked: UpsamplingAnalysis) -> list[str]:
    """Names of remedies that were asked for; nothing for all.

    Raises
    ------
    UsageError
        There is no such remedy.
    """
    names = [part.strip() for text in asked.remedies for part in text.split(",")]
    for name in names if names != ["none"] else ():
        if name not in REMEDIES:
            hint = f"There are {', '.join(REMEDIES)}; or none, alone."
            raise UsageError(f"there is no remedy {name!r}", where="--remedies", hint=hint)
    return names


def remedies(asked: UpsamplingAnalysis, found: Analysis) -> list[str]:
    """Remedies that are worth a try: those of the passes that the model has."""
    names = named(asked)
    if names == ["none"]:
        return []
    ways = {"forward": bool(found.structure.forward), "backward": bool(found.structure.backward)}
    wanted = list(dict.fromkeys(names or REMEDIES))
    return [name for name in wanted if ways[REMEDIES[name].facts["of"]]]


def device(asked: UpsamplingAnalysis) -> torch.device:
    """Where models run; accelerators without float64 are left alone."""
    named = resolve_device(asked.device)
    return torch.device("cpu") if named.type == "mps" else named
