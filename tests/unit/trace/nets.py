"""Small networks whose shiftability is known by construction."""

import torch
from torch import nn


def conv(incoming, outgoing, stride=1, size=3):
    return nn.Conv2d(incoming, outgoing, size, stride, size // 2, padding_mode="circular")


def seeded(build, seed=0):
    """Network whose weights do not depend on what ran before, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build().eval()


def stride_one():
    return nn.Sequential(
        conv(1, 6), nn.BatchNorm2d(6), nn.ReLU(inplace=True), conv(6, 8), nn.GELU(), conv(8, 8, size=5), nn.ReLU()
    )


def one_aliased():
    """The pool at "4" is the only layer that subsamples."""
    return nn.Sequential(conv(1, 6), nn.ReLU(), conv(6, 6), nn.ReLU(), nn.MaxPool2d(2), conv(6, 8), nn.ReLU())


def small():
    return nn.Sequential(
        conv(1, 6), nn.ReLU(), nn.MaxPool2d(2), conv(6, 8, 2), nn.ReLU(), conv(8, 8), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4),
    )  # fmt: skip


def pictures(count=3, side=16, channels=1, seed=1):
    return torch.randn(count, channels, side, side, generator=torch.Generator().manual_seed(seed))


def hooks(model):
    """Number of hooks on a model."""
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())
