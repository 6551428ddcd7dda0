"""What networks and their layers give: tensors, alone or in containers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from torch import Tensor

from biasscope.core.errors import InputError, UsageError
from biasscope.core.words import counted, first_few

NAMED = 5
"""Most pictures that an error names."""


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


def scores(output: Any) -> Tensor | None:
    """Class scores among what a network gives: a tensor, or what is named ``logits``; nothing else is guessed.

    Examples
    --------
    >>> import torch
    >>> scores({"features": torch.zeros(1, 9), "logits": torch.zeros(1, 3)}).shape, scores((torch.zeros(1, 9),))
    (torch.Size([1, 3]), None)
    """
    found = output.get("logits") if isinstance(output, dict) else getattr(output, "logits", output)
    return found if isinstance(found, Tensor) else None


def class_scores(output: Any) -> Tensor:
    """Class scores that a network gives.

    Raises
    ------
    UsageError
        It gives no tensor of real numbers, alone or named ``logits``.

    Examples
    --------
    >>> import torch
    >>> class_scores({"logits": torch.zeros(1, 3)}).shape
    torch.Size([1, 3])
    """
    found = scores(output)
    if found is None or found.is_complex():
        what = type(output).__name__ if found is None else "complex numbers"
        hint = "Wrap it in a module that returns a tensor of shape (pictures, classes), alone or named logits."
        raise UsageError(f"the model returns {what}, not a tensor of class scores", hint=hint)
    return found


def with_pictures(scores: Tensor, count: int) -> Tensor:
    """Give scores of one picture the axis of pictures again that a ``squeeze()`` in a forward took away.

    Examples
    --------
    >>> import torch
    >>> with_pictures(torch.zeros(5), 1).shape, with_pictures(torch.zeros(2, 5), 2).shape
    (torch.Size([1, 5]), torch.Size([2, 5]))
    """
    return scores[None] if count == 1 and scores.dim() == 1 and len(scores) > 1 else scores


def not_finite(image_ids: Sequence[str], model: str) -> InputError:
    """Error that names a model and the pictures for which it gives outputs that are not finite."""
    hint = "Check its weights and its preprocessing; with amp, run it without."
    pictures = f"{counted(len(image_ids), 'picture')} ({first_few(list(image_ids), NAMED)})"
    return InputError(f"the model gives outputs that are not finite for {pictures}", where=model, hint=hint)
