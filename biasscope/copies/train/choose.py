"""Which engine: measured, never slower than one network after the other."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from biasscope.copies.train.engine import Engine
from biasscope.copies.train.sequential import Sequential
from biasscope.copies.train.settings import Training
from biasscope.copies.train.vectorised import CannotVectoriseError, Vectorised
from biasscope.core.errors import UsageError

ENGINES = ("auto", "sequential", "vectorised")
WARM, TIMED = 2, 3


def make_engine(name: str, networks: Sequence[nn.Module], training: Training) -> Engine:
    """Engine by name, ``sequential`` or ``vectorised``; the networks are trained in place or copied."""
    return Vectorised(networks, training) if name == "vectorised" else Sequential(networks, training)


def choose_engine(
    asked: str, networks: Sequence[nn.Module], training: Training, x: Tensor, y: Tensor
) -> tuple[str, str]:
    """Name of the engine for networks of one kind, and why.

    On the CPU networks are trained one after the other (a vectorised convolution over weights is 1.6 to 2.5 times
    slower there). Elsewhere both engines take a few steps on copies of the networks, and the faster one is taken.

    Parameters
    ----------
    asked
        ``auto``, ``sequential`` or ``vectorised``; the last gives way where the networks cannot be stacked.
    networks
        K networks of one kind; they are not changed.
    x, y
        Images (K, B, C, H, W) and classes (K, B) of one step.

    Raises
    ------
    UsageError
        There is no such engine.
    """
    if asked not in ENGINES:
        raise UsageError(f"engine {asked!r} is not known", hint=f"There are: {', '.join(ENGINES)}.")
    if asked == "sequential":
        return asked, "asked for"
    if asked == "auto" and (x.device.type == "cpu" or len(networks) == 1):
        return "sequential", "one network" if len(networks) == 1 else "faster on this device"
    try:
        together = _seconds(lambda: Vectorised(copy.deepcopy(list(networks)), training), x, y)
    except CannotVectoriseError as error:
        return "sequential", f"the networks cannot be stacked ({str(error).splitlines()[0]})"
    if asked == "vectorised":
        return asked, "asked for"
    alone = _seconds(lambda: Sequential(copy.deepcopy(list(networks)), training), x, y)
    why = f"at once is {alone / together:.2f} times as fast, measured"
    return ("vectorised" if together < alone else "sequential"), why


def _seconds(build: Callable[[], Engine], x: Tensor, y: Tensor) -> float:
    """Seconds a step, after a few to get warm."""
    engine = build()
    for _ in range(WARM):
        engine.step(x, y, 0.0)
    _wait(x.device)
    start = time.perf_counter()
    for _ in range(TIMED):
        engine.step(x, y, 0.0)
    _wait(x.device)
    return (time.perf_counter() - start) / TIMED


def _wait(device: torch.device) -> None:
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
