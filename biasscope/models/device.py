"""From a name to a device that is there."""

from __future__ import annotations

from itertools import chain

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from biasscope.core.errors import UsageError


def resolve_device(name: str | torch.device = "auto") -> torch.device:
    """Give the torch device of that name; ``auto`` is the accelerator of this machine, or else the CPU.

    Raises
    ------
    UsageError
        There is no such device on this machine.

    Examples
    --------
    >>> resolve_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        hint = "Say auto, cpu, cuda, cuda:1 or mps."
        raise UsageError(f"device {str(name)!r} cannot be used here ({_first_line(error)})", hint=hint) from error
    return device


def refuse_meta(module: nn.Module) -> None:
    """Refuse a network whose weights have no values.

    Raises
    ------
    UsageError
        Some are on the device meta.
    """
    for name, value in chain(module.named_parameters(), module.named_buffers()):
        if value.is_meta:
            hint = "Load them, or move the network with to_empty(device=...) and initialise it."
            raise UsageError("the network's weights are on the device meta, they have no values", where=name, hint=hint)


def refuse_lazy(module: nn.Module) -> None:
    """Refuse a network whose lazy layers have seen no picture, so that their weights have no shape yet.

    Raises
    ------
    UsageError
        There is such a layer, as ``nn.LazyLinear`` and ``nn.LazyConv2d`` make it.

    Examples
    --------
    >>> refuse_lazy(nn.Sequential(nn.LazyLinear(2)))
    Traceback (most recent call last):
    biasscope.core.errors.UsageError: 0.weight: the network's lazy layers have no weights before they see a picture...
    """
    for name, value in chain(module.named_parameters(), module.named_buffers()):
        if is_lazy(value):
            hint = "Run one through it where it is built, such as network(torch.zeros(1, 3, 224, 224))."
            what = "the network's lazy layers have no weights before they see a picture"
            raise UsageError(what, where=name, hint=hint)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
