"""One number a picture, read as the logit of a question of yes or no."""

from __future__ import annotations

import torch
from torch import Tensor

NOTE = (
    "{} gives one number a picture, which is read as a logit: the answer is 1 where it is positive, otherwise 0, and "
    "its sigmoid is the probability of 1. Of a network that estimates a quantity (regression) this says nothing."
)
"""What is said of such a network, by its name: whether a number is a logit or a quantity cannot be seen."""


def both_sides(scores: Tensor) -> Tensor:
    """Scores (N, C) of classes; one number z becomes (0, z), whose softmax is (1 - sigmoid(z), sigmoid(z)).

    >>> both_sides(torch.tensor([[1.5], [-2.0]])).argmax(1).tolist()
    [1, 0]
    """
    return torch.cat([torch.zeros_like(scores), scores], 1) if scores.dim() == 2 and scores.shape[1] == 1 else scores


def names_of(names: tuple[str, ...] | None, outputs: int) -> tuple[str, ...] | None:
    """Names of the answers; where one output has one name, that of the other answer is made of it.

    >>> names_of(("cat",), 1), names_of(("no", "yes"), 1), names_of(None, 1)
    (('not cat', 'cat'), ('no', 'yes'), None)
    """
    return (f"not {names[0]}", names[0]) if names is not None and outputs == len(names) == 1 else names
