"""One step of every form of a network before any is trained: what cannot be trained is refused, not found out late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from biasscope.copies.networks import Factory, Shape, build
from biasscope.copies.train.engine import loss_of
from biasscope.core.errors import BiasscopeError, UsageError
from biasscope.models.failures import networks_own

IMAGES = 2
"""Most images of the step."""


def try_out(made: Mapping[str, Factory], shape: Shape, classes: int, batch: int) -> None:
    """Build every form twice and take one step with it; torch's global generator is put back.

    Parameters
    ----------
    made
        Functions that build the networks.
    shape
        Channels, height and width of an image.
    classes
        Number of classes.
    batch
        Images a step in earnest.

    Raises
    ------
    UsageError
        A function builds no network, or the same one again, or the network cannot be trained on such images.

    Examples
    --------
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    >>> try_out({"plain": lambda: net}, (1, 2, 2), 2, batch=8)
    Traceback (most recent call last):
    ...
    biasscope.core.errors.UsageError: plain: the function gives the same network each time. Let it build a new one...
    """
    for name, factory in made.items():
        one, other = built(factory, name), built(factory, name)
        ids = {id(tensor) for tensor in one.parameters()}
        if shared := [tensor for tensor in other.parameters() if id(tensor) in ids]:
            raise _shared(shared, name)
        if not any(tensor.requires_grad for tensor in one.parameters()):
            raise UsageError("the network has no weights that can be trained", where=name)
        with torch.random.fork_rng(devices=[]):
            _step(one, torch.zeros(min(batch, IMAGES), *shape), classes, name)


def _shared(tensors: Sequence[Tensor], name: str) -> UsageError:
    """What is wrong with weights that belong to several networks, and what to do."""
    if any(tensor.requires_grad for tensor in tensors):
        hint = "Let it build a new one: otherwise each network would go on where the last one ended."
        return UsageError("the function gives the same network each time", where=name, hint=hint)
    hint = "Let it copy that part (copy.deepcopy): surgery and running statistics would change it for all of them."
    return UsageError("the networks that the function gives share a frozen part", where=name, hint=hint)


def built(factory: Factory, name: str) -> nn.Module:
    """Build a network; a `UsageError` where the function fails, or gives something else."""
    try:
        made = build(factory, 0)
    except BiasscopeError:
        raise
    except Exception as error:  # code of one's own may raise anything
        what = f"the function that builds the network fails with {type(error).__name__}: {error}"
        raise UsageError(what, where=name, hint="Its own error is the cause.") from error
    if not isinstance(made, nn.Module):
        hint = "Give a function that returns a torch.nn.Module."
        raise UsageError(f"the function gives a {type(made).__name__}, not a network", where=name, hint=hint)
    return made


def _step(network: nn.Module, images: Tensor, classes: int, name: str) -> None:
    with torch.no_grad():
        _answers(network.eval(), images, classes, name)
    found = _answers(network.train(), images, classes, name)
    if not found.requires_grad:
        raise UsageError("its answers do not depend on weights that can be trained", where=name)
    with networks_own(images.shape[1:], name):
        loss_of(found, torch.zeros(len(found), dtype=torch.int64)).backward()  # type: ignore[no-untyped-call]


def _answers(network: nn.Module, images: Tensor, classes: int, name: str) -> Tensor:
    when = "while it is trained" if network.training else "while it is asked"
    with networks_own(images.shape[1:], name):
        found = network(images)
    if not isinstance(found, Tensor) or found.ndim != 2:
        what = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else f"a {type(found).__name__}"
        hint = "Its output is (images, classes); leave auxiliary outputs away."
        raise UsageError(f"it gives {what} {when}", where=name, hint=hint)
    if found.shape[1] < classes:
        raise UsageError(f"it gives {found.shape[1]} answers, the images have {classes} classes", where=name)
    return found
