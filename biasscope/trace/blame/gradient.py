"""Whether a network can be gone back through, from its answer to the picture."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.trace.blame.answers import given


def check_gradient(model: nn.Module, example: Tensor) -> int:
    """Go back from the answer to the picture once: what autograd records need not be something it can go through.

    Returns
    -------
        How many numbers the network gives a picture.

    Raises
    ------
    UsageError
        No gradient arrives, or there is no answer (N, classes).
    """
    with torch.enable_grad():
        x = example.detach().clone().requires_grad_()
        answer = given(model, x)
        try:
            found = torch.autograd.grad(answer.sum(), x, allow_unused=True)[0] if answer.requires_grad else None
        except RuntimeError as error:  # layers of any origin may refuse, reentrant checkpoints do
            raise _no_gradient(str(error).partition(". ")[0]) from error
    if found is None:
        raise _no_gradient()
    return answer.shape[1]


def _no_gradient(why: str = "") -> UsageError:
    """Say that a network cannot be looked into by gradients."""
    hint = "Does it run under torch.no_grad or inference_mode, does it detach, is a part of it quantised?"
    reason = f" ({why})" if why else ""
    return UsageError(f"the network gives no gradient of its answer by the picture{reason}", hint=hint)
