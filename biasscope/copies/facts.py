"""Everything that decides the result of an augmentation sweep, as facts that can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256

from biasscope.copies.data import Data
from biasscope.copies.networks import Factory, build
from biasscope.copies.train import Training
from biasscope.core.results import Cell
from biasscope.models.loaded import weights_sha256


def facts_of(
    data: Data,
    made: Mapping[str, Factory],
    words: Mapping[str, str],
    asked: Mapping[str, str],
    edges: str,
    seed: int,
    training: Training,
) -> dict[str, Cell]:
    """Everything but the plan that decides the result; networks are told apart by their text and weights."""
    networks = {name: build(factory, 0) for name, factory in made.items()}
    return {
        **{f"network {name}": weights_sha256(network) for name, network in networks.items()},
        **{f"structure {name}": sha256(str(network).encode()).hexdigest() for name, network in networks.items()},
        "images": data.name,
        "images_sha256": data.digest(),
        **words,
        **{f"test_{name}": text for name, text in asked.items()},
        "edges": edges,
        "seed": seed,
        **asdict(training),
    }
