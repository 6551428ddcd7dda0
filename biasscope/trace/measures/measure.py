"""What every measure at a layer has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from biasscope.trace.estimate import Estimate
from biasscope.trace.layer import Layer
from biasscope.trace.reading import Reading
from biasscope.trace.shifts import Plan

Reads = Literal["views", "reference", "tangent"]


class Measure(ABC):
    """Adds up one measure at one layer; what it keeps does not grow with the number of images or shifts.

    Parameters
    ----------
    layer, plan
        Where, and over which shifts. Options of a measure are further keyword arguments.

    Attributes
    ----------
    reads
        Whether it needs every view, the reference views alone, or the derivative of the maps by the shift.
    notes
        What people should know about the value, after `estimate`.
    """

    reads: ClassVar[Reads] = "views"

    def __init__(self, layer: Layer, plan: Plan) -> None:
        self.layer, self.plan = layer, plan
        self.notes: list[str] = []

    @classmethod
    def applies(cls, layer: Layer, plan: Plan) -> bool:
        """Whether the measure is defined at a layer."""
        return True

    @abstractmethod
    def update(self, reading: Reading) -> None:
        """Take the maps of a chunk in."""

    def finish(self) -> None:  # noqa: B027 (most measures need to do something here, but not all)
        """All views of the pictures of the last chunks were seen."""

    @abstractmethod
    def estimate(self) -> Estimate:
        """Value, interval over images, number of images."""

    def lattice(self) -> NDArray[np.float64] | None:
        """Mean over images at each of the S shifts, for measures that have one; NaN where it is undefined."""
        return None
