"""Peaks of the power spectrum at the stride frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.upsampling.phases import by_phase, interior

LEAST_BINS = 4


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
    channels
        (C,): mean over pictures and frequencies of every channel.
    share
        Share of the energy, without the mean, that sits on the stride frequencies; over pictures and channels.
    window
        ``none`` or ``hann``.
    n
        Pictures.
    """

    period: tuple[int, ...]
    frequencies: NDArray[np.int64]
    decibels: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    pooled: NDArray[np.float64]
    channels: NDArray[np.float64]
    share: float | None
    window: str
    n: int

    @property
    def mean(self) -> tuple[float | None, float | None, float | None]:
        """Mean over frequencies and pictures, and its 95 % t interval over pictures."""
        value, low, high = (float(part) for part in _interval(self.pooled[:, None])[:, 0])
        return tuple(None if np.isnan(part) else part for part in (value, low, high))  # type: ignore[return-value]


def power(maps: Tensor, window: str = "none") -> Tensor:
    """Power spectrum of maps about their mean, of the same shape, float64, zero frequency first.

    Parameters
    ----------
    maps
        (N, C, ...).
    window
        ``none`` or ``hann``.

    Examples
    --------
    >>> power(torch.tensor([[[1.0, -1.0, 1.0, -1.0]]])).tolist()
    [[[0.0, 0.0, 16.0, 0.0]]]
    """
    values = maps.detach().double()
    axes = tuple(range(2, values.dim()))
    values = values - values.mean(axes, keepdim=True)
    if window == "hann":
        for axis in axes:
            taper = torch.hann_window(values.shape[axis], dtype=torch.float64, device=values.device)
            values = values * taper.view(-1, *(1,) * (values.dim() - 1 - axis))
    spectrum: Tensor = torch.fft.fftn(values, dim=axes)
    return spectrum.real.square() + spectrum.imag.square()


def stride_share(maps: Tensor, period: Sequence[int], margin: int | Sequence[int] = 0) -> float | None:
    """Share of the energy, without the mean, that sits on the stride frequencies; ``None`` where there is none.

    On a constant input it is 1 for every network that upsamples unevenly: all there is repeats with the period.

    Parameters
    ----------
    maps
        (N, C, ...).
    period
        Phases along each axis.
    margin
        Positions to leave out on every side; the rest is cut to whole periods.

    Examples
    --------
    >>> up = torch.nn.ConvTranspose2d(1, 1, 3, 2)
    >>> round(stride_share(up(torch.ones(1, 1, 9, 9)), (2, 2), margin=2), 6)
    1.0
    """
    part = interior(maps, period, margin)
    return None if part is None or prod(period) == 1 else _between_share(part, period)


def _between_share(part: Tensor, period: Sequence[int]) -> float | None:
    """The share by Parseval's identity: squares between the phase means of each map over all squares about its mean."""
    values = by_phase(part.detach().double(), period)
    means = values.mean(-1)
    centre = means.mean(-1, keepdim=True)
    total = float((values - centre[..., None]).square().sum())
    if total <= 1e-24 * float(values.square().sum()):
        return None
    return float((means - centre).square().sum()) * values.shape[-1] / total


def spectral_peaks(
    maps: Tensor,
    period: Sequence[int],
    *,
    margin: int | Sequence[int] = 0,
    window: Literal["auto", "none", "hann"] = "auto",
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
    part = interior(maps, period, margin)
    if part is None or prod(period) == 1:
        return None
    if window == "auto":
        room = min(side // step for side, step in zip(part.shape[2:], period, strict=True) if step > 1)
        window = "hann" if room >= LEAST_BINS else "none"
    spectrum = power(part, window)
    numbers = _frequencies(period)
    both = torch.cat([spectrum, spectrum.mean(1, keepdim=True)], 1)
    decibels = _decibels(torch.stack([_ratio(both, number, period, reach, window) for number in numbers], -1))
    picture = decibels[:, -1].cpu().numpy()
    mean, low, high = _interval(picture)
    share = _between_share(part, period)
    channels = _mean(decibels[:, :-1].transpose(0, 1).flatten(1).cpu().numpy())
    return Peaks(
        tuple(period), np.array(numbers), mean, low, high, _mean(picture), channels, share, window, len(part)
    )  # fmt: skip


def _frequencies(period: Sequence[int]) -> list[tuple[int, ...]]:
    """Numbers of the frequencies without zero, the first of every pair that mirror each other."""
    found = []
    for number in product(*map(range, period)):
        mirrored = tuple(-a % step for a, step in zip(number, period, strict=True))
        if any(number) and number <= mirrored:
            found.append(number)
    return found


def _ratio(spectrum: Tensor, number: Sequence[int], period: Sequence[int], reach: int, window: str) -> Tensor:
    """Power at a frequency over the median around it, (N, C)."""
    sides = spectrum.shape[2:]
    spread = 1 if window == "hann" else 0
    centre = [a * side / step for a, side, step in zip(number, sides, period, strict=True)]
    near = torch.zeros((), dtype=torch.float64)
    taken = torch.ones((), dtype=torch.bool)
    for side, step, place in zip(sides, period, centre, strict=True):
        bins = torch.arange(side, dtype=torch.float64)
        distance = (bins - place).abs()
        near = torch.maximum(near[..., None], torch.minimum(distance, side - distance))
        to_lattice = torch.remainder(bins, side / step)
        taken = taken[..., None] & (torch.minimum(to_lattice, side / step - to_lattice) <= 0.5 + spread - 1e-9)
    around = (near <= reach) & ~taken & (near > 0.5 + spread)
    if not bool(around.any()):
        return spectrum.new_full(spectrum.shape[:2], torch.nan)
    peak: tuple[Any, ...] = (..., *(round(place) % side for place, side in zip(centre, sides, strict=True)))
    return spectrum[peak] / spectrum[..., around.to(spectrum.device)].median(-1).values


def _decibels(ratio: Tensor) -> Tensor:
    """10 log10, NaN for 0/0, at most 300 where there is nothing around a peak and at least -300."""
    return (10 * ratio.log10()).clamp(-300, 300)


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean along the last axis over what is known."""
    known = ~np.isnan(values)
    count = known.sum(-1)
    total = np.where(known, values, 0).sum(-1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _interval(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over rows and its 95 % t interval, (3, columns)."""
    from scipy.special import stdtrit

    count = (~np.isnan(values)).sum(0)
    mean = _mean(values.T)
    squares = np.where(np.isnan(values), 0, (values - mean) ** 2).sum(0)
    many = count > 1
    error = np.sqrt(np.divide(squares, count * (count - 1.0), out=np.full(mean.shape, np.nan), where=many))
    reach = np.where(many, stdtrit(np.maximum(count - 1, 1), 0.975), np.nan) * error
    return np.stack([mean, mean - reach, mean + reach])
