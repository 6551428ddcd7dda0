"""Small pictures and networks for the tests of the augmentation sweep."""

import numpy as np
import torch
from torch import Tensor, nn

from biasscope.copies.data import Data
from biasscope.copies.pool import Pool, choose, make_pool
from biasscope.copies.train import Batches, Training, make_engine, train
from biasscope.copies.views import Views


def textured(count: int = 80, side: int = 12, classes: int = 3, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Noise with a bright blot whose shape is the class; no two pixels are equal by construction."""
    rng = np.random.default_rng(seed)
    images, labels = rng.integers(0, 120, (count, 1, side, side)), np.arange(count) % classes
    for image, label in zip(images, labels, strict=True):
        y, x = rng.integers(0, side - 5, 2)
        image[0, y : y + (5 if label else 2), x : x + (2 if label < 2 else 5)] += 120
    return torch.from_numpy(images.astype(np.uint8)), torch.from_numpy(labels)


def data() -> Data:
    """Eighty pictures to train on, thirty held out."""
    return Data(*textured(), *textured(30, seed=1))


def network(width: int = 4, classes: int = 3) -> nn.Module:
    """A strided convolution with batch normalisation, a pool, and a global average: stride product 4."""
    return nn.Sequential(
        nn.Conv2d(1, width, 3, 2, 1),
        nn.BatchNorm2d(width),
        nn.ReLU(),
        nn.Conv2d(width, 2 * width, 3, 1, 1),
        nn.BatchNorm2d(2 * width),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2 * width, classes),
    )


def networks(count: int = 3) -> list[nn.Module]:
    """Networks with weights of their own."""
    made = []
    for seed in range(count):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            made.append(network())
    return made


def batches(pool: Pool, count: int = 3, batch: int = 16) -> list[Batches]:
    """Batches with 1, 3, 9 ... copies."""
    return [Batches(choose(pool, [3**k], 80, seed=k), k, batch) for k in range(count)]


def losses(kind: str, made: list[nn.Module], steps: int, training: Training) -> tuple[Tensor, list[nn.Module]]:
    """Train the networks with an engine."""
    images, labels = textured()
    pool = make_pool("shift", shifts="3x3")
    dtype = next(made[0].parameters()).dtype
    engine = make_engine(kind, made, training)

    class Cast(Views):
        def __call__(self, images: Tensor, versions: Tensor) -> Tensor:
            return super().__call__(images, versions).to(dtype)

    curve = train(engine, batches(pool, len(made)), Cast(images, pool), labels, steps, training)
    return curve, engine.networks()
