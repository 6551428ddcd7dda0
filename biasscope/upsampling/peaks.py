"""Peaks of the power spectrum at the stride frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.upsampling.interval import Interval, interval, known_mean, t_interval
from biasscope.upsampling.phases import interior
from biasscope.upsampling.prominence import frequencies, in_decibels, prominence
from biasscope.upsampling.spectrum import between_share, power

LEAST_BINS = 4
Window = Literal["auto", "none", "hann"]


@dataclass(frozen=True)
class Peaks:
    """Peaks at the stride frequencies over what is around them.

    Attributes
    ----------
    period
        Phases S along each axis.
    frequencies
        (F, axes): numbers a of the frequencies a / S cycles a position; of a pair that mirror each other, the first.
    decibels, low, high
        (F,): mean over pictures and its 95 % t interval; NaN where there is nothing around the peak, or no interval.
    pooled
        (N,): for every picture, the mean over frequencies; its own mean and interval are `mean`.
    least
        (F,): lower end of an interval that holds for all frequencies together (Bonferroni), NaN where there is none.
    along
        (F,): mean over pictures of frequencies on an axis, over what is around on that axis alone; NaN of others.
    channels
        (C,): mean over pictures and frequencies of every channel.
    share
        Share of the energy, without the mean, that sits on the stride frequencies; over pictures and channels.
    window
        ``none`` or ``hann``.
    n
        Pictures.

    Examples
    --------
    >>> import torch
    >>> from biasscope.upsampling import spectral_peaks
    >>> noise = torch.randn(4, 2, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> found = spectral_peaks(noise + torch.arange(32) % 2, (2, 2))
    >>> found.frequencies.tolist(), found.n
    ([[0, 1], [1, 0], [1, 1]], 4)
    >>> (found.least > 0).tolist()
    [True, False, False]
    """

    period: tuple[int, ...]
    frequencies: NDArray[np.int64]
    decibels: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    pooled: NDArray[np.float64]
    least: NDArray[np.float64]
    along: NDArray[np.float64]
    channels: NDArray[np.float64]
    share: float | None
    window: str
    n: int

    @property
    def mean(self) -> Interval:
        """Mean over frequencies and pictures, and its 95 % t interval over pictures."""
        return interval(self.pooled)


def spectral_peaks(
    maps: Tensor,
    period: Sequence[int],
    *,
    margin: int | Sequence[int] = 0,
    window: Window = "auto",
    reach: int = 4,
) -> Peaks | None:
    """Power at the stride frequencies over the median of an annulus around each, in decibels.

    Parameters
    ----------
    maps
        (N, C, ...), one to three axes.
    period
        Phases S along each axis.
    margin
        Positions to leave out on every side.
    window
        ``auto`` is ``hann`` where there are at least four bins from one stride frequency to the next, otherwise
        ``none``. Without a window the edges of ordinary pictures put energy on both axes of the spectrum, stride
        frequencies included.
    reach
        Radius of the annulus in bins; other stride frequencies and their neighbours are left out.

    Returns
    -------
        The peaks; ``None`` where maps have less than two periods along an axis, or there is one phase only. Peaks of
        maps so small that nothing lies between them are NaN.

    Notes
    -----
    The side is always the largest multiple of the period that fits, so that peaks do not leak. For every picture and
    frequency, channels are averaged in power before the logarithm is taken.
    Source: Odena et al. 2016 for the pattern, Zhang et al., "Detecting and simulating artifacts in GAN fake images",
    2019, for its replicas in the spectrum.

    Examples
    --------
    >>> noise = torch.randn(8, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> peaks = spectral_peaks(noise + 2.0 * (torch.arange(32) % 2), (2, 2))
    >>> peaks.frequencies.tolist(), (peaks.decibels > 10).tolist()
    ([[0, 1], [1, 0], [1, 1]], [True, False, False])
    """
    return peaks_of(maps, [period], margin=margin, window=window, reach=reach)[0]


def peaks_of(
    maps: Tensor,
    periods: Sequence[Sequence[int]],
    *,
    margin: int | Sequence[int] = 0,
    window: Window = "auto",
    reach: int = 4,
) -> list[Peaks | None]:
    """Peaks at the frequencies of several strides, one Fourier transform for all that look at the same part of a map.

    Parameters
    ----------
    maps, margin, window, reach
        As in `spectral_peaks`.
    periods
        Phases along each axis, one entry a stride.

    Examples
    --------
    >>> noise = torch.randn(8, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> [len(one.frequencies) for one in peaks_of(noise, [(4, 4), (2, 2)])]
    [9, 3]
    """
    spectra: dict[tuple[object, ...], Tensor] = {}
    found: list[Peaks | None] = []
    for period in periods:
        part = interior(maps, period, margin)
        if part is None or prod(period) == 1:
            found.append(None)
            continue
        taper = _taper(part, period) if window == "auto" else window
        key = (part.storage_offset(), part.shape, taper)
        if key not in spectra:
            values = power(part, taper)
            spectra[key] = torch.cat([values, values.mean(1, keepdim=True)], 1)
        found.append(_peaks(spectra[key], part, period, reach, taper))
    return found


def _taper(part: Tensor, period: Sequence[int]) -> str:
    room = min(side // step for side, step in zip(part.shape[2:], period, strict=True) if step > 1)
    return "hann" if room >= LEAST_BINS else "none"


def _peaks(spectrum: Tensor, part: Tensor, period: Sequence[int], reach: int, window: str) -> Peaks:
    """Peaks in the spectra of every channel and, last, of all channels together."""
    numbers = frequencies(period)
    around = (period, reach, window)
    decibels = in_decibels(torch.stack([prominence(spectrum, number, *around) for number in numbers], -1))
    picture, along = decibels[:, -1].numpy(), known_mean(_on_axes(spectrum[:, -1:], numbers, *around))
    mean, low, high = t_interval(picture)
    least = t_interval(picture, 0.05 / len(numbers))[1]
    channels = known_mean(decibels[:, :-1].transpose(0, 1).flatten(1).numpy())
    return Peaks(
        tuple(period), np.array(numbers), mean, low, high, known_mean(picture), least, along, channels,
        between_share(part, period), window, len(part),
    )  # fmt: skip


def _on_axes(
    spectrum: Tensor, numbers: Sequence[tuple[int, ...]], period: Sequence[int], reach: int, window: str
) -> NDArray[np.float64]:
    """Decibels over what is around on the same axis, (F, N); NaN of frequencies on no axis."""
    found = torch.full((len(numbers), len(spectrum)), torch.nan, dtype=spectrum.dtype)
    for place, number in enumerate(numbers):
        if 0 in number:
            found[place] = prominence(spectrum, number, period, reach, window, axis=True)[:, 0]
    return in_decibels(found).numpy()
