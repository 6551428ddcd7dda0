"""Power spectra of maps, and the share of their energy at the stride frequencies."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor

from biasscope.upsampling.phases import interior, squares, tile_means


def power(maps: Tensor, window: str = "none") -> Tensor:
    """Power spectrum of maps about their mean, of the same shape, float64, zero frequency first.

    Parameters
    ----------
    maps
        (N, C, ...).
    window
        ``none`` or ``hann``.

    Returns
    -------
        Squared magnitude of every frequency.

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
            values *= taper.view(-1, *(1,) * (values.dim() - 1 - axis))
    spectrum: Tensor = torch.fft.fftn(values, dim=axes)
    return spectrum.real.square().addcmul_(spectrum.imag, spectrum.imag)


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

    Returns
    -------
        Number in [0, 1]; 0 = nothing repeats with the period.

    Examples
    --------
    >>> up = torch.nn.ConvTranspose2d(1, 1, 3, 2)
    >>> round(stride_share(up(torch.ones(1, 1, 9, 9)), (2, 2), margin=2), 6)
    1.0
    """
    part = interior(maps, period, margin)
    return None if part is None or prod(period) == 1 else between_share(part, period)


def between_share(part: Tensor, period: Sequence[int]) -> float | None:
    """The share by Parseval's identity: squares between the phase means of each map over all squares about its mean.

    >>> between_share(torch.tensor([[[1.0, 3.0, 1.0, 3.0]]]), (2,))
    1.0
    """
    values = part.detach().double()
    axes = tuple(range(2, values.dim()))
    means = tile_means(values, period, [1] * len(period)).flatten(2)
    centre = means.mean(-1, keepdim=True)
    total, count = float(squares(values, axes).sum()), prod(values.shape[2:])
    if total <= 1e-24 * (total + count * float(centre.square().sum())):
        return None
    return float((means - centre).square().sum()) * (count // prod(period)) / total
