"""Shifts by fractions of a pixel through the Fourier domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.transforms.shifts import OverGrid, still
from biasscope.transforms.transformation import Views
from biasscope.transforms.windows import runs

if TYPE_CHECKING:
    from biasscope.images.picture import Picture
    from biasscope.models.preprocessing import Preprocessing


@dataclass(frozen=True)
class FourierShift(OverGrid):
    """Circular shifts of the picture's band-limited interpolation.

    Parameters
    ----------
    grid
        Shifts, fractions of a pixel among them.
    back
        Shift there and back again: only the highest frequency of even sides changes.

    Notes
    -----
    Exact for pictures without energy at the highest frequency; at that frequency of an even side the ramp is real (its
    cosine), so that the result is. Shifts by whole pixels are rolls of the picture. One transform a picture, one
    inverse transform a view.

    Examples
    --------
    >>> wave = torch.cos(2 * torch.pi * torch.arange(8.0) / 8).reshape(1, 1, 1, 8)
    >>> out = torch.empty(1, 1, 1, 8)
    >>> FourierShift("0,0;0,0.5").open(wave, [0]).write(out, [1], [0])
    >>> torch.allclose(out.flatten(), torch.cos(2 * torch.pi * (torch.arange(8.0) - 0.5) / 8), atol=1e-6)
    True
    """

    name: ClassVar[str] = "fourier"
    interpolates: ClassVar[bool] = True
    grid: str = "7x7:0.5"
    back: bool = False

    def source(self, picture: Picture, preprocessing: Preprocessing, index: int) -> Tensor:
        """Give (C, H, W)."""
        return preprocessing(still(picture.pixels, picture.image_id))

    def open(self, sources: Tensor, indices: Sequence[int]) -> Views:
        """Transform the block once."""
        return _FourierViews(sources, np.asarray(self.shifts.offsets), self.back)

    def round_trip(self) -> FourierShift | None:
        """Views that were shifted and shifted back."""
        return None if self.back else replace(self, back=True)


class _FourierViews(Views):
    """Inverse transforms of spectra with phase ramps; one ramp for each different dy and dx."""

    def __init__(self, sources: Tensor, offsets: NDArray[np.float64], back: bool) -> None:
        wide = sources if sources.dtype == torch.float64 else sources.float()
        self.spectra, self.size = torch.fft.rfft2(wide), (sources.shape[-2], sources.shape[-1])
        ys, self.down = np.unique(offsets[:, 0], return_inverse=True)
        xs, self.right = np.unique(offsets[:, 1], return_inverse=True)
        rows, columns = ramps(ys, self.size[0]), ramps(xs, self.size[1])[:, : self.size[1] // 2 + 1]
        if back:
            rows, columns = np.abs(rows) ** 2 + 0j, np.abs(columns) ** 2 + 0j
        self.rows, self.columns = (_beside(self.spectra, ramp) for ramp in (rows, columns))

    def write(self, out: Tensor, views: Sequence[int], pictures: Sequence[int]) -> None:
        """One inverse transform for neighbouring pictures at the same shift."""
        for start, stop, first in runs(list(views), pictures):
            ramp = self.rows[self.down[views[start]]][:, None] * self.columns[self.right[views[start]]]
            out[start:stop].copy_(torch.fft.irfft2(self.spectra[first : first + stop - start] * ramp, s=self.size))


def _beside(spectra: Tensor, ramp: NDArray[np.complex128]) -> Tensor:
    """Ramps in the precision of the spectra, on their device; the host does not wait for the device."""
    host = torch.from_numpy(ramp).to(spectra.dtype)
    return host.to(spectra.device, non_blocking=spectra.is_cuda)


def ramps(shifts: NDArray[np.float64], side: int) -> NDArray[np.complex128]:
    """Phase ramps (n, side) of shifts by ``shifts`` pixels; real at the highest frequency of an even side.

    Examples
    --------
    >>> ramps(np.array([0.5]), 4).round(3).tolist()
    [[(1+0j), (0.707-0.707j), 0j, (0.707+0.707j)]]
    """
    ramp: NDArray[np.complex128] = np.exp(-2j * np.pi * np.fft.fftfreq(side) * shifts[:, None])
    if side % 2 == 0:
        ramp[:, side // 2] = ramp[:, side // 2].real
    return ramp
