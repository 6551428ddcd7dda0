"""What a network answers to pictures; what its own code raises is told as its own."""

from __future__ import annotations

from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.models.binary import both_sides
from biasscope.models.failures import networks_own
from biasscope.models.outputs import class_scores


def answers(model: nn.Module, x: Tensor) -> Tensor:
    """Class scores (N, classes) for pictures; one number a picture is the logit of yes, beside 0 for no.

    Raises
    ------
    UsageError
        There are none, no row of classes a picture, or the network's forward raises an error.
    """
    return both_sides(given(model, x))


def given(model: nn.Module, x: Tensor) -> Tensor:
    """Class scores as the network gives them, (N, outputs).

    Raises
    ------
    UsageError
        As for `answers`.
    """
    with networks_own(x.shape[1:]):
        output = model(x)
    found = class_scores(output)
    if found.dim() != 2:
        raise UsageError(f"the network answers with {tuple(found.shape)}, not with (pictures, classes)")
    return found
