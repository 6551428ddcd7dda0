"""A model that was lent: moved and put into evaluation mode for a while, and given back as it was."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy


@contextmanager
def modes_kept(module: nn.Module) -> Iterator[None]:
    """Restore training and evaluation mode of every part afterwards."""
    modes = [(part, part.training) for part in module.modules()]
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while; afterwards every part has the mode, and every buffer the values, it had before.

    A network may keep its batch normalisation in training mode whatever it is told: running statistics then move.
    """
    plain = (part for part in module.modules() if isinstance(part._buffers, dict))  # TorchScript keeps its own
    owners = [(part, dict(part._buffers)) for part in plain]
    values = [(buffer, buffer.clone()) for buffer in module.buffers() if not is_lazy(buffer)]
    try:
        with modes_kept(module):
            module.eval()
            yield
    finally:
        for part, buffers in owners:
            part._buffers.update(buffers)
        for buffer, value in values:
            if not torch.equal(buffer, value):
                buffer.data.copy_(value)


@contextmanager
def same_draws(seed: int = 0) -> Iterator[Callable[[], bool]]:
    """The same random numbers each time; afterwards the generators of torch, numpy and Python are as they were.

    What a network draws in its forward (latent noise, dropout that is never off) would else be other numbers in every
    run, and a result could not be repeated. Gives a function that tells whether anything was drawn. Nothing else may
    draw meanwhile, in another thread: it would change what is drawn here, and would lose its own place.

    >>> drawn = []
    >>> for _ in range(2):
    ...     with same_draws() as drew:
    ...         drawn.append((drew(), torch.rand(()).item(), drew()))
    >>> drawn[0] == drawn[1], drawn[0][0], drawn[0][2]
    (True, False, True)
    """
    devices = _devices()
    plain, arrays, states = random.getstate(), np.random.get_state(), _states(devices)  # noqa: NPY002 (networks draw so)
    torch.default_generator.manual_seed(seed)  # torch.manual_seed would also seed devices that are not restored
    for module, _ in devices:
        getattr(module, "manual_seed_all", module.manual_seed)(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    start = _generators(devices)
    try:
        yield lambda: _generators(devices) != start
    finally:
        random.setstate(plain)
        np.random.set_state(arrays)  # noqa: NPY002
        torch.set_rng_state(states[0])
        for (module, number), state in zip(devices, states[1:], strict=True):
            module.set_rng_state(state, *number)


def _devices() -> list[tuple[Any, tuple[int, ...]]]:
    """Generators of devices that are in use: the module that knows them, and the number where there may be several."""
    several = [module for module in (torch.cuda, torch.xpu) if module.is_initialized()]
    found: list[tuple[Any, tuple[int, ...]]] = [(m, (number,)) for m in several for number in range(m.device_count())]
    return found + ([(torch.mps, ())] if torch.backends.mps.is_available() else [])


def _states(devices: Sequence[tuple[Any, tuple[int, ...]]]) -> list[Tensor]:
    """States of the generators of torch, that of the CPU first."""
    return [torch.get_rng_state(), *(module.get_rng_state(*number) for module, number in devices)]


def _generators(devices: Sequence[tuple[Any, tuple[int, ...]]]) -> list[object]:
    """Where the generators are, to compare."""
    _, keys, place, *_ = np.random.get_state()  # noqa: NPY002
    return [random.getstate(), place, *(np.asarray(one).tobytes() for one in (keys, *_states(devices)))]


@contextmanager
def moved(module: nn.Module, device: torch.device, *, channels_last: bool = False) -> Iterator[nn.Module]:
    """Move a module to a device and layout; afterwards it has the very tensors that it had before.

    Nothing is copied back: the tensors it came with are kept meanwhile.
    """
    if not channels_last and _is_on(module, device):
        yield module
        return
    values = [(tensor, tensor.data) for tensor in _leaves(module)]
    owners = [(part, dict(part._parameters), dict(part._buffers)) for part in module.modules()]
    try:
        module.to(device)
        yield module.to(memory_format=torch.channels_last) if channels_last else module
    finally:
        for part, parameters, buffers in owners:
            part._parameters.update(parameters)
            part._buffers.update(buffers)
        for tensor, data in values:
            tensor.data = data


def _leaves(module: nn.Module) -> list[Tensor]:
    parameters = list(module.parameters())
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    return [*parameters, *gradients, *module.buffers()]


def _is_on(module: nn.Module, device: torch.device) -> bool:
    exact = torch.empty(0, device=device).device
    return all(tensor.device == exact for tensor in (*module.parameters(), *module.buffers()))
