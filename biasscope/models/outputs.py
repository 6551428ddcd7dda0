"""What networks and their layers give: tensors, alone or in containers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from torch import Tensor


def tensors(thing: Any) -> Iterator[Tensor]:
    """Tensors of an argument or output in order, through tuples, lists, dictionaries and dataclasses.

    Examples
    --------
    >>> import torch
    >>> [item.numel() for item in tensors({"maps": [torch.zeros(2), torch.zeros(3)], "loss": 0.5})]
    [2, 3]
    """
    if isinstance(thing, Tensor):
        yield thing
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from tensors(value)
    elif isinstance(thing, (list, tuple)):
        for value in thing:
            yield from tensors(value)
    elif is_dataclass(thing) and not isinstance(thing, type):
        yield from tensors([getattr(thing, one.name) for one in fields(thing)])
