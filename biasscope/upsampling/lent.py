"""A model that was lent, and draws the same random numbers whenever it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from biasscope.models.borrow import evaluating, same_draws


@contextmanager
def repeating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode and the same random numbers each time; afterwards all is as it was.

    What a network draws in its forward (latent noise) would else be taken for what a remedy changes, and a report would
    be another in every run.

    >>> import torch
    >>> from torch import nn
    >>> net = nn.Identity()
    >>> drawn = []
    >>> for _ in range(2):
    ...     with repeating(net):
    ...         drawn.append(torch.rand(()).item())
    >>> drawn[0] == drawn[1]
    True
    """
    with evaluating(module), same_draws():
        yield
