"""All that a comparison computed, of which the result's numbers, tables and sentence speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from biasscope.bias.compare.energy import Floats, Ints
from biasscope.bias.compare.looks import Sides
from biasscope.bias.jackknife import Estimate

DIFFERENT, NOT_REJECTED, NOT_TESTED = "different", "not rejected", "not tested"


@dataclass(frozen=True)
class Look:
    """One respect (position or scale), one value a class: distance, p, q, permutations; and p of the pooled test.

    ``within`` are the classes within which the pooled test permutes; 0 where it takes all boxes for one class.
    """

    distance: Estimate
    p: Floats
    q: Floats
    permutations: Ints
    pooled: float
    within: int

    def verdicts(self, alpha: float) -> list[str]:
        """Verdict of each class."""
        return [NOT_TESTED if np.isnan(q) else DIFFERENT if q <= alpha else NOT_REJECTED for q in self.q]


@dataclass(frozen=True)
class Evidence:
    """All that was computed; ``cell`` is the grid cell of each box, ``images`` the images by class and side."""

    sides: Sides
    cell: Ints
    images: Ints
    looks: Mapping[str, Look]
    pooled: Mapping[str, Estimate]
    shifts: tuple[Estimate, ...]
