"""What a network answers to pictures; what its own code raises is told as its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.models.failures import networks_own
from biasscope.models.outputs import class_scores, with_pictures


def answers(model: nn.Module, x: Tensor) -> Tensor:
    """Class scores (N, classes) for pictures; one number z a picture, the logit of yes, becomes (-z / 2, z / 2).

    Beside a constant 0 the answer no would have neither a change nor an explanation; the probabilities are the same.

    Raises
    ------
    UsageError
        There are none, no row of classes a picture, or the network's forward raises an error.
    """
    found = given(model, x)
    return torch.cat([-found / 2, found / 2], 1) if found.shape[1] == 1 else found


def given(model: nn.Module, x: Tensor) -> Tensor:
    """Class scores as the network gives them, (N, outputs).

    Raises
    ------
    UsageError
        As for `answers`.
    """
    with networks_own(x.shape[1:]):
        output = model(x.clone())  # models may work in place on what they are given
    found = with_pictures(class_scores(output), len(x))
    if found.dim() != 2 or not found.shape[1]:
        what = f"the network answers with {tuple(found.shape)}, not with (pictures, classes)"
        raise UsageError(what, hint="Wrap it in a module that gives a row of class scores for every picture.")
    return found
