"""Shards of a sweep put together again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from biasscope.core.errors import UsageError
from biasscope.images.picture import ImageProblem
from biasscope.sweep.result import Floor, Sweep

BY_PICTURE = (
    "predictions", "targets", "p_top", "p_true", "p_reference", "p_step", "rank_true", "rank_reference", "indices"
)  # fmt: skip
"""Fields whose last axis is that of the pictures."""
ALIKE = ("transformation", "parameters", "model", "class_names", "reference")
"""Fields that shards must have in common."""


def concatenate(parts: Sequence[Sweep]) -> Sweep:
    """Join shards in the order of the source.

    Raises
    ------
    UsageError
        There are none, they are of different sweeps, or a picture is in two of them.
    """
    if not parts:
        raise UsageError("there are no sweeps to join")
    _check(parts)
    first, order = parts[0], torch.cat([part.indices for part in parts]).argsort()
    ids = [name for part in parts for name in part.image_ids]
    changes: dict[str, Any] = {name: _cat([getattr(part, name) for part in parts], order) for name in BY_PICTURE}
    changes["tta"] = {k: _cat([part.tta[k] for part in parts], order) for k in first.tta}
    changes["image_ids"] = tuple(ids[place] for place in order.tolist())
    changes["problems"] = _problems(parts)
    changes["floors"] = _floors(parts)
    return replace(first, **changes)


def _check(parts: Sequence[Sweep]) -> None:
    for name in ALIKE:
        if any(getattr(part, name) != getattr(parts[0], name) for part in parts):
            raise UsageError(f"the sweeps differ in {name}", hint="Join shards of one sweep.")
    same = all(
        part.coordinates.keys() == parts[0].coordinates.keys()
        and all(np.array_equal(part.coordinates[key], parts[0].coordinates[key]) for key in part.coordinates)
        for part in parts
    )
    if not same or any(part.tta.keys() != parts[0].tta.keys() for part in parts):
        raise UsageError("the sweeps differ in their views", hint="Join shards of one sweep.")
    numbers = torch.cat([part.indices for part in parts]).tolist()
    if len(set(numbers)) != len(numbers):
        raise UsageError("a picture is in two of the sweeps", hint="Join shards of one sweep.")


def _cat(tensors: list[torch.Tensor], order: torch.Tensor) -> torch.Tensor:
    return torch.cat(tensors, -1)[..., order]


def _problems(parts: Sequence[Sweep]) -> tuple[ImageProblem, ...]:
    """Every shard reads the whole source, so that the source's problems stand in all of them."""
    return tuple(dict.fromkeys(problem for part in parts for problem in part.problems))


def _floors(parts: Sequence[Sweep]) -> dict[str, Floor]:
    names = dict.fromkeys(name for part in parts for name in part.floors)
    return {name: _mean([part.floors[name] for part in parts if name in part.floors]) for name in names}


def _mean(floors: list[Floor]) -> Floor:
    n = sum(floor.n for floor in floors)
    changed = sum(floor.changed * floor.n for floor in floors) / n
    moved = sum(floor.mean_absolute_change * floor.n for floor in floors) / n
    return Floor(changed, moved, n, floors[0].detail)
