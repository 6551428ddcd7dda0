"""Training of the small networks on the digit scenes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.images.scenes import draw, place
from biasscope.models.small.recipe import Recipe


def scenes(recipe: Recipe) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures (N, 1, side, side) in [-1, 1], digits (N,), and which are for training (N,)."""
    placed = place(recipe.scenes, side=recipe.side, seed=recipe.seed, uniform=recipe.uniform)
    pictures = torch.from_numpy(np.stack([draw(placed, i) for i in range(len(placed))]))
    values = pictures[:, None].float() / 127.5 - 1
    return values, torch.from_numpy(placed.digit), torch.from_numpy(placed.train)


def train(recipe: Recipe) -> tuple[nn.Module, float]:
    """Build and train a network; gives it in evaluation mode with its accuracy on the scenes kept back.

    One thread computes, so that the weights do not depend on the number of cores. torch's global generator and number
    of threads are put back afterwards.
    """
    pictures, digits, chosen = scenes(recipe)
    with torch.random.fork_rng(devices=[]), torch.enable_grad(), one_thread():
        torch.manual_seed(recipe.seed)
        net = recipe.build().train().to(memory_format=torch.channels_last)
        inputs = pictures[chosen].contiguous(memory_format=torch.channels_last)
        descend(net, recipe, inputs, digits[chosen], F.cross_entropy)
    net.eval().to(memory_format=torch.contiguous_format)
    return net, accuracy(net, pictures[~chosen], digits[~chosen])


@contextmanager
def one_thread() -> Iterator[None]:
    """Let one thread compute, so that sums do not depend on the number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def descend(
    net: nn.Module, recipe: Recipe, inputs: Tensor, wanted: Tensor, loss_of: Callable[[Tensor, Tensor], Tensor]
) -> None:
    """Train a network to give what is wanted of each input."""
    steps = recipe.epochs * -(-len(inputs) // recipe.batch)
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=steps, pct_start=0.25)
    for _ in range(recipe.epochs):
        for batch in torch.split(torch.randperm(len(inputs)), recipe.batch):
            optimizer.zero_grad()
            loss = loss_of(net(inputs[batch]), wanted[batch])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()


@torch.no_grad()
def accuracy(net: nn.Module, pictures: Tensor, digits: Tensor) -> float:
    """Share of pictures whose digit is named."""
    hits = [
        (net(x).argmax(1) == y).sum() for x, y in zip(torch.split(pictures, 250), torch.split(digits, 250), strict=True)
    ]
    return int(torch.stack(hits).sum()) / len(digits)
