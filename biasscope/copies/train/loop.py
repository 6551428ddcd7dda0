"""The steps of a group of networks, with a state on disk from which they go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from biasscope.copies.train.batches import Batches
from biasscope.copies.train.engine import Engine
from biasscope.copies.train.settings import Training
from biasscope.copies.views import Views
from biasscope.core.randomness import mix

Keep = Callable[[Mapping[str, Tensor]], None]


def train(
    engine: Engine,
    batches: Sequence[Batches],
    views: Views,
    labels: Tensor,
    steps: int,
    training: Training,
    *,
    stored: Mapping[str, Tensor] | None = None,
    keep: Keep | None = None,
    every: float = 30.0,
    advance: Callable[[int], None] | None = None,
) -> Tensor:
    """Train networks for a number of steps.

    What a network draws at random (dropout) depends on its seed and the step alone; torch's generators are put back.

    Parameters
    ----------
    engine
        K networks.
    batches
        Which images each of them sees, K of them.
    views, labels
        Training images and their classes (N,), on one device.
    steps
        Gradient steps.
    stored
        A state that ``keep`` was given earlier: training goes on from it, to the same result on the CPU, bit by bit.
    keep
        Called with the state about every ``every`` seconds.
    advance
        Called with 1 after each step of all networks.

    Returns
    -------
    Losses, float32 (K, steps), on the CPU.
    """
    losses = torch.full((len(batches), steps), torch.nan, device=labels.device)
    first = _restore(engine, stored, losses)
    last = time.monotonic()
    with torch.random.fork_rng(devices=[labels.device] if labels.device.type == "cuda" else []):
        for step in range(first, steps):
            x, y = _step(batches, views, labels, step)
            losses[:, step] = engine.step(x, y, training.rate_at(step, steps), _seeds(batches, step))
            if advance is not None:
                advance(1)
            if keep is not None and time.monotonic() - last >= every and step + 1 < steps:
                keep({**engine.state(), "loop.losses": losses, "loop.step": torch.tensor(step + 1)})
                last = time.monotonic()
    return losses.cpu()


def _seeds(batches: Sequence[Batches], step: int) -> list[int]:
    return [int(mix(batch.seed, step)[0] >> 32) for batch in batches]


def _restore(engine: Engine, stored: Mapping[str, Tensor] | None, losses: Tensor) -> int:
    if stored is None:
        return 0
    engine.restore({name: tensor for name, tensor in stored.items() if not name.startswith("loop.")})
    losses.copy_(stored["loop.losses"])
    return int(stored["loop.step"])


def _step(batches: Sequence[Batches], views: Views, labels: Tensor, step: int) -> tuple[Tensor, Tensor]:
    """Images (K, B, C, H, W) and classes (K, B) of one step."""
    pairs = [batch(step) for batch in batches]
    images, versions = (torch.stack(part).to(labels.device, non_blocking=True) for part in zip(*pairs, strict=True))
    x = views(images.flatten(), versions.flatten())
    return x.view(*images.shape, *x.shape[1:]), labels[images]
