"""Metrics of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from biasscope.sweep.result import Sweep


@dataclass(frozen=True)
class Measured:
    """One number, and how it came about."""

    metric: str
    title: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    better: str
    shift: str
    reference: str
    aggregate: str


def measure(found: Sweep, names: Sequence[str] | None = None, *, level: float = 0.95) -> list[Measured]:
    """Compute."""
    raise NotImplementedError
