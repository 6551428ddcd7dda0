"""A sweep that states its result and is killed: run by `test_kill`. Arguments: checkpoint folder, result file."""

import sys
from pathlib import Path

import torch

from biasscope.copies import CopiesSweep, Training, augmentation_sweep
from tests.unit.copies.toys import data, network


def sweep(folder: Path | None, **options: object) -> CopiesSweep:
    """Four networks of two variants, with the state on disk after every step."""
    words = {"copies": [1, 4], "variants": ["narrow", "wide"], "shifts": "2x2", "test_shifts": "4x4", "steps": 8}
    words |= {"batch": 16, "seeds": 1, "device": "cpu", "checkpoint": folder, "every": 0.0}
    made = {"narrow": network, "wide": lambda: network(6)}
    return augmentation_sweep(made, data(), training=Training(rate=0.003), **{**words, **options})  # type: ignore[arg-type]


if __name__ == "__main__":
    torch.set_num_threads(1)
    sweep(Path(sys.argv[1])).save(sys.argv[2])
