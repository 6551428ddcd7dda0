"""Options of a specification that hold for every scheme."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import Any

from biasscope.core.errors import UsageError
from biasscope.models.loaded import LoadedModel
from biasscope.models.preprocessing import Preprocessing
from biasscope.models.spec import Spec
from biasscope.models.surgery import same_padding

COMMON = ("padding", "size", "resize", "mean", "std", "interpolation")
"""Options that every scheme takes."""
INTERPOLATIONS = ("nearest", "bilinear", "bicubic")


def apply_options(loaded: LoadedModel, spec: Spec) -> LoadedModel:
    """Change padding and preprocessing as a specification says.

    Raises
    ------
    UsageError
        A value is not of its kind.
    """
    prepared = _preprocessing(loaded.preprocessing, spec)
    module = loaded.module
    padding = spec.options.get("padding")
    if padding not in (None, "same", "symmetric"):
        raise UsageError(f"padding must be same or symmetric, got {padding!r}", where=spec.text)
    if padding == "same":
        module = same_padding(module, inplace=True)
    recipe = {**loaded.provenance.recipe, **{key: value for key, value in spec.options.items() if key != "arch"}}
    return replace(loaded, module=module, preprocessing=prepared, provenance=replace(loaded.provenance, recipe=recipe))


def _preprocessing(plain: Preprocessing, spec: Spec) -> Preprocessing:
    changes: dict[str, Any] = {}
    if "size" in spec.options:
        side = number(spec, "size")
        changes["size"] = (side, side)
        if plain.resize is not None:
            changes["resize"] = int(side / 0.875)
    if "resize" in spec.options:
        changes["resize"] = None if spec.options["resize"] == "none" else number(spec, "resize")
    for key in ("mean", "std"):
        if key in spec.options:
            changes[key] = _numbers(spec, key, plain.channels)
    if "interpolation" in spec.options:
        changes["interpolation"] = spec.options["interpolation"]
        if changes["interpolation"] not in INTERPOLATIONS:
            raise UsageError(f"interpolation must be one of {', '.join(INTERPOLATIONS)}", where=spec.text)
    return plain.with_options(**changes)


def number(spec: Spec, key: str, minimum: int = 1) -> int:
    """Whole number of an option."""
    text = spec.options[key]
    if not text.isdecimal() or int(text) < minimum or len(text) > 6:
        raise UsageError(f"{key} must be a whole number of at least {minimum}, got {text!r}", where=spec.text)
    return int(text)


def _numbers(spec: Spec, key: str, channels: int) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in spec.options[key].split(","))
    except ValueError:
        values = ()
    values = values * channels if len(values) == 1 else values
    if len(values) != channels or not all(map(isfinite, values)) or (key == "std" and min(values) <= 0):
        text = spec.options[key]
        kind = "positive number" if key == "std" else "finite number"
        raise UsageError(f"{key} must be one {kind}, or one for each of {channels} channels: {text!r}", where=spec.text)
    return values
