"""Everything that decides a result apart from the pictures: what a checkpoint must have in common with a run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from torch import Tensor

from biasscope.core.provenance import versions
from biasscope.models.loaded import weights_sha256
from biasscope.sweep.probe import fingerprint
from biasscope.sweep.runner import Runner
from biasscope.transforms.transformation import Transformation

PACKAGES = ("biasscope", "torch", "numpy", "pillow", "torchvision")


def plan(runner: Runner, transformation: Transformation, probed: Tensor, block: int, label: str) -> dict[str, Any]:
    """Plan of a sweep as JSON values.

    The weights as they are now, the structure in words, and on the CPU the very outputs for made-up pictures, because
    surgery may change how a model computes and none of its weights.
    """
    loaded, settings = runner.loaded, runner.settings
    return {
        "label": label,
        "protocol": transformation.name,
        "weights": weights_sha256(loaded.module),
        "structure": hashlib.sha256(repr(loaded.module).encode()).hexdigest(),
        "outputs": fingerprint(probed) if settings.device.type == "cpu" else list(probed.shape),
        "transformation": [type(transformation).__qualname__, _plain(transformation.parameters)],
        "views": len(transformation),
        "preprocessing": asdict(loaded.preprocessing),
        "block": block,
        "settings": {**settings.facts(), "batch": runner.batch},
        "versions": versions(PACKAGES),
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, list | tuple) else value for key, value in values.items()}
