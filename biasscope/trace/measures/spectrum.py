"""How much of a map lies above what the coming subsampling can carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from biasscope.trace.errors.sums import wide
from biasscope.trace.layer import Layer
from biasscope.trace.measures.measure import PerImage, Reads
from biasscope.trace.reading import Reading
from biasscope.trace.shifts import Plan


def aliasing(activations: Tensor, factor: int | tuple[int, int], *, without_mean: bool = False) -> Tensor:
    """Share of spectral energy above the Nyquist limit of a subsampling that is to come.

    Parameters
    ----------
    activations
        Maps (..., C, H, W), one stack a picture.
    factor
        What the coming layer subsamples by, s or (vertical, horizontal).
    without_mean
        Leave the constant part out of the total.

    Returns
    -------
        One value a stack, (...): energy at |f| > 1/(2 s) cycles a position along either axis, by all energy of the
        maps; NaN where there is none.

    Examples
    --------
    >>> stripes = torch.tensor([1.0, -1.0]).repeat(4).expand(1, 8, 8)
    >>> float(aliasing(stripes, 2)), float(aliasing(torch.ones(1, 8, 8), 2))
    (1.0, 0.0)
    """
    vertical, horizontal = (factor, factor) if isinstance(factor, int) else factor
    maps = activations.to(wide(activations.dtype))
    energy = torch.fft.rfft2(maps).abs().square().sum(-3)
    energy = energy * _twice(maps.shape[-1], energy)
    if without_mean:
        energy[..., 0, 0] = 0
    rows, columns = torch.fft.fftfreq(maps.shape[-2]), torch.fft.rfftfreq(maps.shape[-1])
    below = (rows.abs() <= 0.5 / vertical)[:, None] & (columns <= 0.5 / horizontal)
    total = energy.sum((-2, -1))
    share = (energy * ~below.to(energy.device)).sum((-2, -1)) / total
    return torch.where(total > 0, share, torch.nan)


def _twice(width: int, like: Tensor) -> Tensor:
    """Weights of the columns of rfft2: those that stand for two."""
    weights = like.new_full((width // 2 + 1,), 2.0)
    weights[0] = 1
    if width % 2 == 0:
        weights[-1] = 1
    return weights


class Aliasing(PerImage):
    """`aliasing` of the reference, averaged over pictures, at layers whose maps are still to be subsampled.

    Parameters
    ----------
    without_mean
        As in `aliasing`.
    """

    reads: ClassVar[Reads] = "reference"
    bounds = (0.0, 1.0)

    def __init__(self, layers: Sequence[Layer], plan: Plan, *, without_mean: bool = False) -> None:
        super().__init__(layers, plan)
        self._without_mean = without_mean

    @classmethod
    def applies(cls, layer: Layer, plan: Plan) -> bool:
        """Where a later layer subsamples the maps."""
        return layer.coming is not None

    def update(self, number: int, reading: Reading) -> None:
        """Share of every reference."""
        factor = self.layers[number].coming
        assert factor is not None  # noqa: S101 (see applies)
        self.put(number, aliasing(reading.maps[:, 0], factor, without_mean=self._without_mean))
