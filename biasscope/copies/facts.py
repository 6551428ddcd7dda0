"""Everything that decides the result of an augmentation sweep, as facts that can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256

import numpy as np
import torch
from torch import nn

from biasscope.copies.data import Data
from biasscope.copies.networks import Factory, Shape, build
from biasscope.copies.processor import one_thread
from biasscope.copies.train import Training
from biasscope.core.randomness import generator
from biasscope.core.results import Cell
from biasscope.models.loaded import weights_sha256

DIGITS = 1000
"""Parts of the largest answer that answers are told apart by."""


def facts_of(
    data: Data,
    made: Mapping[str, Factory],
    shape: Shape,
    words: Mapping[str, str],
    asked: Mapping[str, str],
    edges: str,
    seed: int,
    training: Training,
) -> dict[str, Cell]:
    """Everything but the plan that decides the result; networks are told apart by their text, weights and answers."""
    networks = {name: build(factory, 0) for name, factory in made.items()}
    return {
        **{f"network {name}": weights_sha256(network) for name, network in networks.items()},
        **{f"structure {name}": sha256(str(network).encode()).hexdigest() for name, network in networks.items()},
        **{f"answers {name}": _answers_sha256(network, shape) for name, network in networks.items()},
        "images": data.name,
        "images_sha256": data.digest(),
        **words,
        **{f"test_{name}": text for name, text in asked.items()},
        "edges": edges,
        "seed": seed,
        **asdict(training),
    }


@torch.no_grad()
def _answers_sha256(network: nn.Module, shape: Shape) -> str:
    """SHA-256 of the answers to one picture of noise: text and weights do not show what a forward of one's own does.

    They count to a thousandth of the largest one, because another processor rounds otherwise.
    """
    noise = torch.from_numpy(generator(0, "noise").uniform(-1, 1, (1, *shape)).astype(np.float32))
    with torch.random.fork_rng(devices=[]), one_thread(noise.device):
        torch.manual_seed(0)
        found = network.eval()(noise).double()
    largest = found.abs().max().clamp(min=torch.finfo(torch.float32).tiny)
    rounded = (found / largest * DIGITS).round() + 0.0  # no negative zeros
    return sha256(rounded.numpy().tobytes() + f"{float(largest):.2e}".encode()).hexdigest()
