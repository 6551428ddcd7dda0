"""Answers that went through a softmax or a sigmoid already, where scores are expected."""

from __future__ import annotations

import torch
from torch import Tensor

from biasscope.models.binary import both_sides

MARK = "seems to give probabilities, not scores"
MANY = (
    f"{{}} {MARK}: those of a picture add up to 1. They go through a softmax once more, so that probabilities, their "
    "changes and averages, and Lie derivatives are wrong; the answers are not. Give what comes before the softmax, or "
    "its logarithm."
)
TRACED = (
    f"{{}} {MARK}: those of a picture add up to 1. What is said of logits and of gradients of the answer is then of "
    "probabilities, and these go through a softmax once more; the answers are right. Give what comes before the "
    "softmax, or its logarithm."
)
"""The same where layers are blamed for answers, or answers explained."""
ONE = (
    f"{{}} {MARK}: all lie between 0 and 1, as behind a sigmoid. As one output is read as a logit, the answer would be "
    "yes at every view. Give what comes before the sigmoid."
)


def add_up(scores: Tensor) -> bool:
    """Whether scores (N, C) of several classes are probabilities: none negative, 1 in sum for every picture.

    Pictures whose scores are not finite are left out.

    Examples
    --------
    >>> scores = torch.tensor([[2.0, -1.0], [0.5, 0.1]])
    >>> add_up(scores), add_up(scores.softmax(1)), add_up(scores.log_softmax(1))
    (False, True, False)
    """
    known = _finite(scores)
    off = (known.sum(1) - 1).abs()
    fractional = ((known > 0) & (known < 1)).any()  # zeros and ones alone may be votes
    return scores.shape[1] > 1 and bool((known >= 0).all() & (off < 0.01).all() & fractional)


def _finite(scores: Tensor) -> Tensor:
    """Rows of finite numbers in float64, which not every accelerator has."""
    wide = scores.cpu().double()
    return wide[wide.isfinite().all(1)]


def between_0_and_1(answers: Tensor, p_top: Tensor) -> bool:
    """Whether one number a picture was within 0 to 1 for every view, from the answers and their sigmoid.

    Examples
    --------
    >>> z = torch.tensor([0.2, 0.9])
    >>> between_0_and_1(torch.ones(2), z.sigmoid()), between_0_and_1(torch.ones(2), (9 * z).sigmoid())
    (True, False)
    """
    one = torch.ones((), dtype=torch.float64).sigmoid() + 1e-4
    return bool(((p_top <= one) & ((answers == 1) | (p_top <= 0.5))).all())


def note(scores: Tensor, answers: Tensor, p_top: Tensor, name: str, many: str = MANY) -> str:
    """What is to be said of a network after a sweep; nothing of one that gives scores.

    Parameters
    ----------
    scores
        What it gave for some pictures, (N, outputs).
    answers, p_top
        All its answers and their probabilities, where it has one output.
    name
        Of the network.
    many
        What is said where there are several outputs.

    Examples
    --------
    >>> z = torch.tensor([[2.0, -1.0]])
    >>> note(z, z, z, "net"), note(z.softmax(1), z, z, "net")[:40]
    ('', 'net seems to give probabilities, not sco')
    """
    if add_up(scores):
        return many.format(name)
    one = scores.shape[1] == 1 and len(answers) > 0 and between_0_and_1(answers, p_top)
    return ONE.format(name) if one else ""


def traced(scores: Tensor, name: str) -> str:
    """What is to be said of a network whose answers are explained or blamed on layers, from its scores (N, outputs).

    Examples
    --------
    >>> scores = torch.tensor([[2.0, -1.0], [0.5, 0.1]])
    >>> traced(scores, "net"), traced(scores.softmax(1), "net")[:40]
    ('', 'net seems to give probabilities, not sco')
    """
    both = both_sides(_finite(scores)).softmax(1)
    return note(scores, both.argmax(1), both.amax(1), name, TRACED)
