"""Which views are compared with which: neighbours on a path, or every view with the reference."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.metrics import checks


class Pairs(NamedTuple):
    """Pairs of views: ``first`` and ``second`` of shape (P,), and the row of ``steps`` they come from."""

    first: Tensor
    second: Tensor
    row: Tensor


def neighbours(steps: Any, views: int, device: torch.device | None = None) -> Pairs:
    """Give the pairs named by ``steps`` (K, S), -1 where there is none; without it, each view and the one before.

    Examples
    --------
    >>> pairs = neighbours([[-1, 0, 1]], 3)
    >>> pairs.first.tolist(), pairs.second.tolist()
    ([0, 1], [1, 2])
    """
    path = torch.arange(-1, views - 1)[None] if steps is None else checks.integers(steps, "steps", ("K", views))
    path = path.to(device)
    if path.numel() and not -1 <= int(path.min()) <= int(path.max()) < views:
        raise UsageError(f"names a view outside 0 to {views - 1}", where="steps", hint="-1 means no predecessor.")
    row, second = (path >= 0).nonzero(as_tuple=True)
    return Pairs(path[row, second], second, row)


def others(reference: int, predictions: Tensor) -> Tensor:
    """Give the indices of all views but the reference."""
    index = checks.view(reference, predictions)
    views = torch.arange(len(predictions), device=predictions.device)
    return views[views != index]
