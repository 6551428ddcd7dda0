"""How a sweep is run: checked once, then passed around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from biasscope.core.errors import UsageError
from biasscope.core.results import Cell

PRECISIONS = {"bf16": torch.bfloat16, "fp16": torch.float16}
AVERAGED = (2, 4, 8, 16)
"""Numbers of views that test-time augmentation averages over, unless others are asked for."""


@dataclass(frozen=True)
class Settings:
    """Options of `sweep` that decide how a model is run; see there."""

    device: torch.device
    batch: int = 64
    amp: str | None = None
    channels_last: bool = False
    compile: bool = False
    tta: tuple[int, ...] = AVERAGED
    floor: int = 8
    seed: int = 0
    shard: tuple[int, int] = (0, 1)

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        _whole("batch", self.batch, 1)
        _whole("floor", self.floor, 0)
        for k in self.tta:
            _whole("tta", k, 1)
        if self.amp is not None and self.amp not in PRECISIONS:
            raise UsageError(f"amp is {' or '.join(PRECISIONS)} or not given, not {self.amp!r}")
        rank, world = self.shard
        if not 0 <= rank < world:
            raise UsageError(f"shard {self.shard} is not (rank, number of shards) with 0 <= rank < number")

    def facts(self) -> dict[str, Cell]:
        """Everything that may change a digit of the result, as JSON values."""
        return {
            "batch": self.batch,
            "device": self.device.type,
            "amp": self.amp,
            "channels_last": self.channels_last,
            "compile": self.compile,
            "tta": list(self.tta),
            "seed": self.seed,
        }


def distinct(sizes: Sequence[int]) -> tuple[int, ...]:
    """Sizes in ascending order, each once."""
    return tuple(sorted(set(sizes)))


def _whole(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(f"{name} must be a whole number of at least {least}, not {value!r}")
