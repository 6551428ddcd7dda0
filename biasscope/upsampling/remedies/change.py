"""Using a remedy by name, and how far it moves the output."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from biasscope.core.randomness import generator
from biasscope.upsampling.interval import NONE, Interval, interval
from biasscope.upsampling.lent import repeating
from biasscope.upsampling.passage import answer
from biasscope.upsampling.remedies.registry import REMEDIES
from biasscope.upsampling.remedies.sites import Remedied


@dataclass(frozen=True)
class Look:
    """How models are looked at, before and after alike: as :func:`~biasscope.upsampling.analyse` is told."""

    batch: int = 16
    channels: int = 16
    margin: int | None = None


def used(name: str, model: nn.Module, example: Tensor, seed: int, only: str | None = None) -> Remedied:
    """Use a remedy with its own options and a seed of its own; torch's global generator is left as it was.

    Parameters
    ----------
    name
        In `REMEDIES`.
    model, example
        As every remedy takes them.
    seed
        Of weights that are drawn anew.
    only
        Name of the one layer to change, in the place of all, where the remedy has that.
    """
    options = REMEDIES[name].facts["options"] | ({} if only is None else {"only": only})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(generator(seed, "remedy", name).integers(2**31)))
        done: Remedied = REMEDIES.load(name)(model, example, **options)
    return done


def outputs(model: nn.Module, pictures: Tensor, batch: int) -> Tensor | None:
    """What a model gives for pictures; ``None`` where that is no tensor."""
    with repeating(model), torch.no_grad():
        parts = [answer(model(part)) for part in torch.split(pictures, batch)]
    return None if any(part is None for part in parts) else torch.cat([part for part in parts if part is not None])


def changed(before: Tensor | None, after: Tensor | None) -> Interval:
    """Root mean square difference by the root mean square before, mean over pictures and 95 % interval."""
    if before is None or after is None or before.shape != after.shape:
        return NONE
    moved = (after - before).double().flatten(1).square().mean(1).sqrt()
    size = before.double().flatten(1).square().mean(1).sqrt().clamp_min(1e-30)
    return interval((moved / size).cpu().numpy())
