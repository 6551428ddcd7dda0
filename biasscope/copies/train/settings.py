"""How networks are trained."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import cos, pi

import torch

from biasscope.core.errors import UsageError

AMP = {"bf16": torch.bfloat16}


@dataclass(frozen=True)
class Training:
    """Settings that all networks share.

    Attributes
    ----------
    rate
        Largest learning rate of AdamW; it rises linearly in the first quarter of the steps and falls as a half cosine.
    weight_decay
        Of AdamW.
    amp
        ``bf16`` for autocast, or ``None`` for float32.
    channels_last
        Whether images and weights are laid out with the channels last.
    compile
        Whether forward and backward pass are compiled.

    Examples
    --------
    >>> Training(rate=0.003).amp is None
    True
    """

    rate: float = 0.01
    weight_decay: float = 0.01
    amp: str | None = None
    channels_last: bool = False
    compile: bool = False

    def __post_init__(self) -> None:
        if self.amp is not None and self.amp not in AMP:
            raise UsageError(f"precision {self.amp!r} is not known", where="amp", hint="Say bf16, or nothing.")

    def rate_at(self, step: int, steps: int) -> float:
        """Learning rate of a step, counted from 0.

        Examples
        --------
        >>> [round(Training(rate=1.0).rate_at(step, 8), 3) for step in (0, 1, 2, 7)]
        [0.5, 1.0, 0.95, 0.05]
        """
        warm = max(steps // 4, 1)
        if step < warm:
            return self.rate * (step + 1) / warm
        return self.rate * 0.5 * (1 + cos(pi * (step + 1 - warm) / (steps + 1 - warm)))

    def precision(self, device: torch.device) -> AbstractContextManager[object]:
        """Context of the forward pass."""
        return nullcontext() if self.amp is None else torch.autocast(device.type, AMP[self.amp])

    def layout(self) -> torch.memory_format:
        """Memory format of images and weights."""
        return torch.channels_last if self.channels_last else torch.contiguous_format
