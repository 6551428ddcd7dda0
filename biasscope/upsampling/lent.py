"""A model that was lent, and draws the same random numbers whenever it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from biasscope.models.borrow import evaluating


@contextmanager
def repeating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode and the same random numbers each time; afterwards all is as it was.

    What a network draws in its forward (latent noise) would else be taken for what a remedy changes, and a report would
    be another in every run.

    >>> from torch import nn
    >>> net = nn.Identity()
    >>> drawn = []
    >>> for _ in range(2):
    ...     with repeating(net):
    ...         drawn.append(torch.rand(()).item())
    >>> drawn[0] == drawn[1]
    True
    """
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else ()  # type: ignore[no-untyped-call]
    with evaluating(module), torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(0)  # torch.manual_seed would also seed devices that are not restored
        if devices:
            torch.cuda.manual_seed_all(0)
        yield
