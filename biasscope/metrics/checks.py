"""Arguments of the measures: what they must look like, said once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from biasscope.core.errors import UsageError

ROUNDING = 1e-3
"""How far a probability in half precision may leave [0, 1]."""


def integers(values: Any, name: str, shape: tuple[int | str, ...]) -> Tensor:
    """Give an int64 tensor; refuse other types and shapes. Letters in ``shape`` stand for any length."""
    found = _tensor(values, name)
    if found.dtype == torch.bool or found.is_floating_point() or found.is_complex():
        raise UsageError(f"must hold integers, got {found.dtype}", where=name, hint="Take the argmax over classes.")
    return _shaped(found, name, shape).to(torch.int64)


def answers(predictions: Any, name: str = "predictions") -> Tensor:
    """Give predicted classes (S, N); refuse negative ones and tables without a view."""
    found = _table(predictions, name)
    if found.numel() and int(found.min()) < 0:
        raise UsageError("holds a negative class", where=name, hint="Leave out images without an answer.")
    return found


def labels(targets: Any, predictions: Tensor) -> Tensor:
    """Give true classes (N,), -1 where unknown."""
    found = integers(targets, "targets", (predictions.shape[1],)).to(predictions.device)
    if found.numel() and int(found.min()) < -1:
        raise UsageError(f"holds the class {int(found.min())}", where="targets", hint="Mark unknown classes by -1.")
    return found


def answers_and_labels(predictions: Any, targets: Any) -> tuple[Tensor, Tensor]:
    """Give predicted classes (S, N) and true ones (N,), -1 where unknown."""
    table = answers(predictions)
    return table, labels(targets, table)


def ranks(values: Any, name: str = "rank_true") -> Tensor:
    """Give ranks (S, N), 0 = the answer; an image has -1 at all views or at none."""
    found = _table(values, name)
    unknown = found < 0
    if bool((found < -1).any()) or bool((unknown.any(0) != unknown.all(0)).any()):
        raise UsageError("mixes ranks and -1 within an image", where=name, hint="-1 marks an image without a label.")
    return found


def probabilities(values: Any, name: str, shape: tuple[int | str, ...] = ("S", "N")) -> Tensor:
    """Give probabilities as float64; refuse what lies outside [0, 1]. NaN passes."""
    found = _shaped(_tensor(values, name), name, shape)
    if not found.is_floating_point():
        raise UsageError(f"must hold floating point numbers, got {found.dtype}", where=name)
    if bool(((found < -ROUNDING) | (found > 1 + ROUNDING)).any()):
        raise UsageError("holds numbers outside 0 to 1", where=name, hint="Take the softmax of the logits first.")
    return found.to(torch.float64).clamp(0, 1)


def defined(values: Tensor, name: str) -> Tensor:
    """Refuse undefined numbers."""
    if bool(values.isnan().any()):
        raise UsageError("holds NaN where a probability is needed", where=name, hint="Look for NaN in the logits.")
    return values


def view(index: int, predictions: Tensor, name: str = "reference") -> int:
    """Give the index of a view; refuse one that is not there."""
    if isinstance(index, bool) or int(index) != index or not 0 <= int(index) < len(predictions):
        raise UsageError(f"must be a view from 0 to {len(predictions) - 1}, got {index!r}", where=name)
    return int(index)


def whole(value: int, name: str, minimum: int = 1) -> int:
    """Give a whole number; refuse one below the minimum."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise UsageError(f"must be a whole number of at least {minimum}, got {value!r}", where=name)
    return value


def places(offsets: Any, views: int) -> Tensor:
    """Give offsets (S, 2) in pixels as float64."""
    if offsets is None:
        raise UsageError("there are none", where="offsets", hint="This measure needs a sweep over shifts.")
    found = _shaped(_tensor(offsets, "offsets"), "offsets", (views, 2)).to(torch.float64)
    if not bool(found.isfinite().all()):
        raise UsageError("holds undefined numbers", where="offsets")
    return found


def averaged(tta: Any, k: int | None, images: int | None = None, groups: int = 1) -> Tensor:
    """Give the answers (G, N) after averaging over k views; without k, the largest k that left enough groups."""
    if not isinstance(tta, Mapping) or not tta:
        raise UsageError("holds no averaged answers", where="tta", hint="Sweep with tta=(4,), say.")
    enough = [size for size, table in tta.items() if len(table) >= groups]
    chosen = k if k is not None else max(enough or tta)
    if chosen not in tta:
        raise UsageError(f"has no answers averaged over {chosen} views", where="tta", hint=f"There are {sorted(tta)}.")
    found = answers(tta[chosen], f"tta[{chosen}]")
    if images is not None and found.shape[1] != images:
        raise UsageError(f"has {found.shape[1]} images, predictions {images}", where=f"tta[{chosen}]")
    return found


def _table(values: Any, name: str) -> Tensor:
    found = integers(values, name, ("S", "N"))
    if not len(found):
        raise UsageError("has no view", where=name, hint="One row a view, one column an image.")
    return found


def _tensor(values: Any, name: str) -> Tensor:
    try:
        return torch.as_tensor(values).detach()
    except (TypeError, ValueError, RuntimeError) as problem:
        raise UsageError(f"is no table of numbers: {problem}", where=name) from problem


def _shaped(found: Tensor, name: str, shape: tuple[int | str, ...]) -> Tensor:
    lengths = tuple(size if isinstance(size, int) else math.nan for size in shape)
    fits = found.dim() == len(shape)
    if not fits or any(want == want and have != want for have, want in zip(found.shape, lengths, strict=True)):
        wanted = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        raise UsageError(f"must have shape ({wanted}), got {tuple(found.shape)}", where=name)
    return found
