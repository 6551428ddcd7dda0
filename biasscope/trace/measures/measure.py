"""What every measure has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.trace.chunk import Chunk
from biasscope.trace.errors.sums import wide
from biasscope.trace.estimate import NOTHING, Estimate, ImageMeans
from biasscope.trace.layer import Layer
from biasscope.trace.reading import Reading
from biasscope.trace.shifts import Plan

Reads = Literal["views", "reference", "tangent"]


class Measure(ABC):
    """Adds up one measure at all layers; what it keeps does not grow with the number of images.

    What a hook does costs time at every layer of every chunk, so it keeps little, and the rest is done for all layers
    at once when the chunk is through.

    Parameters
    ----------
    layers, plan
        Where, and over which shifts. Options of a measure are further keyword arguments.

    Attributes
    ----------
    reads
        Whether it needs every view, the reference views alone, or the derivative of the maps by the shift.
    """

    reads: ClassVar[Reads] = "views"

    def __init__(self, layers: Sequence[Layer], plan: Plan) -> None:
        self.layers, self.plan = tuple(layers), plan

    @classmethod
    def applies(cls, layer: Layer, plan: Plan) -> bool:
        """Whether the measure is defined at a layer."""
        return True

    @abstractmethod
    def update(self, number: int, reading: Reading) -> None:
        """Take in the maps of layer ``number`` for a chunk; they are gone afterwards."""

    def chunk_done(self, chunk: Chunk) -> None:  # noqa: B027 (not every measure has to do something)
        """All layers of a chunk were taken in."""

    def finish(self) -> None:  # noqa: B027 (likewise)
        """All views of the pictures of the last chunks were taken in."""

    @abstractmethod
    def estimates(self) -> list[Estimate]:
        """Value, interval over images and number of images for every layer, in order."""

    @property
    def by_image(self) -> list[Tensor] | None:
        """Values of the images as they came, (L, P) each; ``None`` where there are none or none were to be kept."""
        means: ImageMeans | None = vars(self).get("means", vars(self).get("_means"))
        return None if means is None else means.kept

    def keep(self) -> None:
        """Keep the values of single images, in memory that grows with their number."""
        means: ImageMeans | None = vars(self).get("means", vars(self).get("_means"))
        if means is not None:
            means.kept = []

    def note(self, number: int) -> str:
        """What people should know about the value at a layer."""
        return ""

    def lattice(self, number: int) -> NDArray[np.float64] | None:
        """Mean over images at each of the S shifts, for measures that have one; NaN where it is undefined."""
        return None


class PerImage(Measure):
    """A measure with one value an image and layer, averaged over images.

    Attributes
    ----------
    bounds
        Range of the value.
    """

    bounds: ClassVar[tuple[float, float]] = (0.0, float("inf"))

    def __init__(self, layers: Sequence[Layer], plan: Plan) -> None:
        super().__init__(layers, plan)
        self.means = ImageMeans(*self.bounds)
        self._values: dict[int, Tensor] = {}

    def put(self, number: int, values: Tensor) -> None:
        """Keep the values of the P pictures at hand at a layer, (P,)."""
        self._values[number] = values

    def finish(self) -> None:
        """Add the values of the pictures to the means."""
        if self._values:
            like = next(iter(self._values.values()))
            missing = torch.full_like(like, torch.nan)
            self.means.add(torch.stack([self._values.get(number, missing) for number in range(len(self.layers))]))
            self._values.clear()

    def estimates(self) -> list[Estimate]:
        """Means over pictures."""
        return self.means.estimates() or [NOTHING] * len(self.layers)


class OverSums(Measure):
    """A measure on the global sums of maps; those of all layers are laid side by side when a chunk is through."""

    def __init__(self, layers: Sequence[Layer], plan: Plan) -> None:
        super().__init__(layers, plan)
        self._sums: dict[int, Tensor] = {}
        self._owner: Tensor | None = None

    def update(self, number: int, reading: Reading) -> None:
        """Keep the sums, (P, V, C)."""
        self._sums[number] = reading.sums

    def all_sums(self, chunk: Chunk) -> Tensor:
        """Sums of all layers, (P, V, all C), not to be changed; NaN for a layer that was not called this time."""
        key = "sums", *map(id, self.layers)
        if key not in chunk.shared:
            chunk.shared[key] = self._joined(chunk)
        self._sums.clear()
        sums: Tensor = chunk.shared[key]
        return sums

    def _joined(self, chunk: Chunk) -> Tensor:
        like = next(iter(self._sums.values()), None)
        if like is None:  # none of these layers was called
            batch: Tensor = chunk.shared["batch"]
            like = batch.new_empty(len(chunk.pictures), len(chunk.views), 0, dtype=wide(batch.dtype))
        every = [
            self._sums[number] if number in self._sums else like.new_full((*like.shape[:2], layer.channels), torch.nan)
            for number, layer in enumerate(self.layers)
        ]
        kinds = {part.dtype for part in every}
        return torch.cat(every if len(kinds) == 1 else [part.double() for part in every], 2)

    def by_layer(self, values: Tensor, channels: Sequence[int] | None = None) -> Tensor:
        """Sum of (P, all C) over the maps of each layer, (P, L)."""
        if self._owner is None:
            widths = channels or [layer.channels for layer in self.layers]
            owner = np.repeat(np.arange(len(self.layers)), widths)
            self._owner = torch.as_tensor(owner, device=values.device)
        return values.new_zeros(len(values), len(self.layers)).index_add_(1, self._owner, values)
