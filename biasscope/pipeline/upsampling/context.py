"""Strided against dilated convolutions that see the same part of a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from biasscope.trace.measures import phase_variance
from biasscope.trace.structure import structure

WAYS = (
    ("strided 2, 2, 2", (2, 2, 2), (1, 1, 1)),
    ("dilated 1, 2, 4", (1, 1, 1), (1, 2, 4)),
    ("dilated 1, 2, 3", (1, 1, 1), (1, 2, 3)),
    ("dilated 2, 2, 2", (1, 1, 1), (2, 2, 2)),
)
"""Name, strides and dilations of three convolutions with 3 x 3 taps."""
SIDE, CHANNELS, PICTURES = 64, 8, 8


def stack(strides: tuple[int, ...], dilations: tuple[int, ...], seed: int = 0) -> nn.Sequential:
    """Three untrained convolutions with circular edges, so that nothing but the sampling tells positions apart.

    >>> len(stack((1, 1, 1), (1, 2, 4)))
    6
    """
    parts: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for depth, (s, d) in enumerate(zip(strides, dilations, strict=True)):
            conv = nn.Conv2d(CHANNELS if depth else 1, CHANNELS, 3, s, d, d, padding_mode="circular")
            parts += [conv, nn.ReLU()]
    return nn.Sequential(*parts).eval()


def context(seed: int) -> Iterator[Mapping[str, Any]]:
    """One row a way: receptive field, share of it that is seen, positions that are left, and what the phase does.

    The last is the variance of the pooled response over 16 of the 64 phases of stride product 8, by its variance over
    pictures of white noise that has been smoothed: exactly 0 for dilated convolutions (but for rounding).
    """
    pictures = _pictures(seed)
    for name, strides, dilations in WAYS:
        net = stack(strides, dilations, seed)
        last = structure(net, (1, SIDE, SIDE), gradients=False).layers[-1]
        seen = 1.0 if last.seen is None else last.seen
        yield {
            "way": name,
            "receptive_field": None if last.receptive_field is None else last.receptive_field[0],
            "seen_along": seen**0.5,
            "seen": seen,
            "positions": last.height,
            "phase_variance": _phases(net, pictures),
        }


def _pictures(seed: int) -> Tensor:
    noise = torch.randn(PICTURES, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))
    return nn.functional.avg_pool2d(nn.functional.pad(noise, (2, 2, 2, 2), "circular"), 5, 1)


def _phases(net: nn.Module, pictures: Tensor) -> float:
    shifts = list(product(range(0, 8, 2), repeat=2))
    with torch.inference_mode():
        made = [net(torch.roll(pictures, shift, (2, 3))) for shift in shifts]
    found = phase_variance(torch.stack(made, 1))
    return found if found > 1e-9 else 0.0
