"""What is looked at: models, pictures or latents, remedies; decided before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from biasscope.core.errors import InputError, UsageError
from biasscope.core.randomness import generator
from biasscope.images.picture import ImageSource
from biasscope.models import LoadedModel
from biasscope.models.borrow import evaluating
from biasscope.models.device import resolve_device
from biasscope.pipeline.common.labels import Given
from biasscope.pipeline.common.pictures import still
from biasscope.pipeline.common.sources import none_read
from biasscope.pipeline.definition import UpsamplingAnalysis
from biasscope.upsampling import REMEDIES, Analysis
from biasscope.upsampling.analysis import AS_TAKEN

EMBEDDED = ("small:decoder-transposed3", "small:decoder-transposed4", "small:decoder-resize")
"""Models of the embedded default."""
LIMIT, LARGE_LIMIT, LARGE = 32, 8, 128
LATENT = "Give --latent the shape that its forward takes without the first axis, as 100 or 100x1x1."
PICTURES = (
    "Give the size of its training, as MODEL?size=64; where it takes other channels, a python: function may return "
    "load_model(module, preprocessing=...). A generator takes --latent SHAPE."
)


def limit(asked: UpsamplingAnalysis, models: Sequence[LoadedModel] = ()) -> int | None:
    """Most pictures; ``None`` for all."""
    if asked.limit is not None:
        return asked.limit or None
    side = max((max(model.preprocessing.size) for model in models), default=0)
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
        raise none_read(source)
    return torch.stack(found)


def latents(asked: UpsamplingAnalysis, most: int | None) -> Tensor:
    """Latents from a standard normal law, (N, ...)."""
    shape = (most or LIMIT, *(asked.shape or ()))
    return torch.from_numpy(generator(asked.seed, "latents").standard_normal(shape)).float()


def given(inputs: Any, module: nn.Module, most: int | None) -> Tensor:
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
        kind = "complex" if values.is_complex() else "whole"
        raise UsageError(f"inputs hold {kind} numbers ({values.dtype})", where="inputs", hint=hint)
    wrong = int((~values.isfinite()).sum())
    if wrong:
        raise UsageError(f"{wrong:,} of {values.numel():,} values are not finite", where="inputs", hint=hint)
    return in_kind(values, module)


def in_kind(values: Tensor, module: nn.Module) -> Tensor:
    """Values in the model's own type of numbers, such as half precision."""
    like = next((one for one in module.parameters() if one.dtype.is_floating_point), values)
    return values.to(like.dtype)


def refused(error: UsageError, label: str, asked: UpsamplingAnalysis, inputs: Any) -> UsageError:
    """Error of a model, with its label, and with what to do where it does not take what it was given."""
    hint = error.hint
    if hint == AS_TAKEN and inputs is None:
        hint = LATENT if asked.latent is not None else PICTURES
    elif hint == AS_TAKEN:
        hint = "Give inputs as its forward takes them."
    return UsageError(f"{label}: {error.what}", where=error.where, hint=hint)


def shaped(models: Sequence[Given], asked: UpsamplingAnalysis, inputs: Any) -> None:
    """Give lazy models (``nn.LazyConvTranspose2d`` and so on) the shapes of their parameters, by their first pass.

    Raises
    ------
    InputError
        Nothing says what such a model takes.
    UsageError
        It cannot be run.
    """
    for module in models:
        if isinstance(module, nn.Module) and any(map(is_lazy, (*module.parameters(), *module.buffers()))):
            _first_pass(module, _one(asked, inputs, module))


def _one(asked: UpsamplingAnalysis, inputs: Any, module: nn.Module) -> Tensor:
    """One of what a model is given."""
    if inputs is None and asked.latent is None:
        said = "its lazy layers have no shapes yet, and pictures do not say how many channels it takes"
        hint = "Give inputs, or run the model once on what it takes."
        raise InputError(said, where=type(module).__name__, hint=hint)
    return latents(asked, 1) if inputs is None else given(inputs, module, 1)


def _first_pass(module: nn.Module, one: Tensor) -> None:
    home = next((tensor.device for tensor in (*module.parameters(), *module.buffers())), one.device)
    try:
        with evaluating(module), torch.no_grad():
            module(one.to(home))
    except Exception as error:  # any model's forward may raise anything
        said = f"its first pass fails, which gives lazy layers their shapes: {type(error).__name__}: {error}"
        hint = "Give inputs as its forward takes them."
        raise UsageError(said.splitlines()[0], where=type(module).__name__, hint=hint) from error


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
