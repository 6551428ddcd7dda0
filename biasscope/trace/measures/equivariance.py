"""Equivariance error: `distances` at every layer, added up over shifts and pictures."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.errors import UsageError
from biasscope.trace.chunk import Chunk
from biasscope.trace.errors.sums import Errors
from biasscope.trace.estimate import NOTHING, Estimate, ImageMeans
from biasscope.trace.layer import Layer
from biasscope.trace.measures.distances import cosine_of, relative_of
from biasscope.trace.measures.measure import Measure
from biasscope.trace.reading import Reading
from biasscope.trace.shifts import Plan


class _Equivariance(Measure):
    """Mean over shifts, then over pictures, of an error; and the mean over pictures at every shift.

    Parameters
    ----------
    margin
        Share of the side that is left out at every edge, where padding and what came around would be all there is to
        see; 0 compares everything.
    """

    most: ClassVar[float] = float("inf")
    between: ClassVar[bool] = False

    def __init__(self, layers: Sequence[Layer], plan: Plan, *, margin: float = 0.0) -> None:
        super().__init__(layers, plan)
        if not 0 <= margin < 0.5:
            raise UsageError(f"margin is a share of the side below 0.5, not {margin}")
        self._margin = margin
        self._means = ImageMeans(0, self.most)
        self._errors: dict[int, tuple[Errors, list[int]]] = {}
        self._lattice: Tensor | None = None
        self._total: Tensor | None = None

    def update(self, number: int, reading: Reading) -> None:
        """Keep the sums of squares of a chunk."""
        places = reading.geometry.between if self.between else reading.geometry.exact
        if places:
            self._errors[number] = reading.errors(self.between, self._margin), places

    def chunk_done(self, chunk: Chunk) -> None:
        """Errors of all layers at once, added up over the shifts of a picture and over the pictures of a shift."""
        if chunk.first:
            self._total = None
        if not self._errors:
            return
        key = "errors", self.between, self._margin, *map(id, self.layers)
        if key not in chunk.shared:
            chunk.shared[key] = self._joined(chunk)
        errors, layers, views = chunk.shared[key]
        values = self.value(errors)
        self._add(torch.stack([values.nan_to_num(0.0), values.isfinite().to(values.dtype)]), layers, views)
        self._errors.clear()

    def _joined(self, chunk: Chunk) -> tuple[Errors, Tensor, Tensor]:
        """Errors of all layers side by side, (P, K), and the layer and the shift of each of the K."""
        found = self._errors.values()
        errors = Errors(*(torch.cat([errors[part] for errors, _ in found], 1).double() for part in range(3)))
        layers = [number for number, (_, places) in self._errors.items() for _ in places]
        views = [chunk.views[place] for _, places in found for place in places]
        device = errors.difference.device
        return errors, torch.tensor(layers, device=device), torch.tensor(views, device=device)

    def _add(self, parts: Tensor, layers: Tensor, views: Tensor) -> None:
        """Add (2, P, K): sums and counts, at K pairs of a layer and a shift."""
        count, shifts = len(self.layers), self.plan.views
        if self._total is None:
            self._total = parts.new_zeros(2, parts.shape[1], count)
        if self._lattice is None:
            self._lattice = parts.new_zeros(2, count * shifts)
        self._total.index_add_(2, layers, parts)
        self._lattice.index_add_(1, layers * shifts + views, parts.sum(1))

    @abstractmethod
    def value(self, errors: Errors) -> Tensor:
        """Error from sums of squares."""

    def finish(self) -> None:
        """Mean over the shifts of a picture."""
        if self._total is not None:
            self._means.add((self._total[0] / self._total[1]).T)

    def estimates(self) -> list[Estimate]:
        """Means over pictures; undefined where no shift fits."""
        return self._means.estimates() or [NOTHING] * len(self.layers)

    def lattice(self, number: int) -> NDArray[np.float64] | None:
        """Error at every shift; 0 at the reference."""
        values = np.full(self.plan.views, np.nan)
        if self._lattice is not None:
            total, count = self._lattice.view(2, len(self.layers), -1)[:, number].cpu().numpy()
            np.divide(total, count, out=values, where=count > 0)
        values[self.plan.reference] = 0.0
        return values


class Cosine(_Equivariance):
    """`cosine_distances` at multiples of the cumulative stride."""

    most = 2.0

    def value(self, errors: Errors) -> Tensor:
        """1 - cosine."""
        return cosine_of(errors)


class RelativeL2(_Equivariance):
    """`relative_errors` at multiples of the cumulative stride."""

    def value(self, errors: Errors) -> Tensor:
        """Distance by length."""
        return relative_of(errors)


class _Between(_Equivariance):
    between = True

    @classmethod
    def applies(cls, layer: Layer, plan: Plan) -> bool:
        """Only circular shifts can be interpolated without an edge."""
        return plan.wraps


class FourierCosine(_Between):
    """`cosine_distances` at all other shifts, the reference moved in the Fourier domain."""

    most = 2.0

    def value(self, errors: Errors) -> Tensor:
        """1 - cosine."""
        return cosine_of(errors)


class FourierL2(_Between):
    """`relative_errors` at all other shifts, the reference moved in the Fourier domain."""

    def value(self, errors: Errors) -> Tensor:
        """Distance by length."""
        return relative_of(errors)
