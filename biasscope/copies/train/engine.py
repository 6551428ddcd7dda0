"""What both engines have in common: networks that go one step further together, and their state as tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.copies.train.settings import Training
from biasscope.core.errors import InputError

EPSILON = 1e-6


class Engine(Protocol):
    """K networks of one kind in training."""

    vectorised: bool

    def step(self, x: Tensor, y: Tensor, rate: float, seeds: Sequence[int] = ()) -> Tensor:
        """Take one step on images (K, B, C, H, W) and classes (K, B); gives the losses before it, float32 (K,).

        ``seeds`` are those of the random numbers that networks draw (dropout), K of them; none leaves torch's own.
        """

    def state(self) -> dict[str, Tensor]:
        """Everything the next step depends on."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to a state that `state` gave."""

    def networks(self) -> list[nn.Module]:
        """Give the K networks as they are now."""


def optimizer(parameters: Sequence[Tensor], training: Training) -> torch.optim.AdamW:
    """AdamW over tensors; elementwise, so that a stack of networks is the same as each of them.

    Its ``eps`` is 1e-6, so that a gradient that is nothing but rounding moves nothing: that of a bias before a batch
    normalisation, which the training loss does not feel but the running statistics do.
    """
    return torch.optim.AdamW(parameters, lr=training.rate, weight_decay=training.weight_decay, eps=EPSILON)


def moments(optimizer: torch.optim.Optimizer, prefix: str) -> dict[str, Tensor]:
    """State of an optimiser as named tensors."""
    entries = optimizer.state_dict()["state"]
    return {f"{prefix}{number}.{name}": tensor for number, entry in entries.items() for name, tensor in entry.items()}


def restore_moments(optimizer: torch.optim.Optimizer, state: Mapping[str, Tensor], prefix: str) -> None:
    """Put named tensors back into an optimiser.

    Raises
    ------
    InputError
        They are of another optimiser.
    """
    entries: dict[int, dict[str, Tensor]] = {}
    for key, tensor in state.items():
        if key.startswith(prefix):
            number, _, name = key.removeprefix(prefix).partition(".")
            entries.setdefault(int(number), {})[name] = tensor
    whole = optimizer.state_dict()
    count = len(whole["param_groups"][0]["params"])
    if entries and sorted(entries) != list(range(count)):
        raise InputError(f"the state holds {len(entries)} parameters of {count}")
    optimizer.load_state_dict({**whole, "state": entries})


def loss_of(logits: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy, in float32 at least."""
    return F.cross_entropy(logits.to(torch.promote_types(logits.dtype, torch.float32)), y)
