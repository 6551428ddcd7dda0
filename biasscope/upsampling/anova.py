"""Does the phase of a position explain activations, and more than chance?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.randomness import generator
from biasscope.upsampling.phases import interior, squares, tile_means, tile_sizes
from biasscope.upsampling.trend import sawtooth

UNITS, BLOCK = 64, 50


@dataclass(frozen=True)
class PhaseAnova:
    """Analysis of variance of activations by the phase of their position.

    Attributes
    ----------
    period
        Phases along each axis.
    eta_squared
        Share of the sum of squares that lies between phases, all channels pooled; of each channel with or without what
        a steady rise of the maps puts there, whichever is less.
    null_mean, null_high
        Mean and 95 % quantile of the same under the null.
    p
        Share of the null that is at least as large, counting the observed one; no smaller than 1 / (draws + 1).
    channels
        `eta_squared` of every channel, (C,); NaN where a channel is constant.
    channel_p
        Likewise by channel, not corrected for their number.
    f, f_p
        F statistic of the pooled table with (P - 1, n - P) degrees of freedom a channel, and its p under independent
        normal noise; neighbouring activations are not independent, so `p` is the one to trust.
    n
        Positions, over pictures.
    units
        Tiles that were moved against each other.

    Examples
    --------
    >>> import torch
    >>> from biasscope.upsampling import phase_anova
    >>> noise = torch.randn(4, 2, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> found = phase_anova(noise + torch.arange(32) % 2, (2, 2))
    >>> round(found.eta_squared, 1), found.p
    (0.2, 0.005)
    """

    period: tuple[int, ...]
    eta_squared: float | None
    null_mean: float | None
    null_high: float | None
    p: float | None
    channels: NDArray[np.float64]
    channel_p: NDArray[np.float64]
    f: float | None
    f_p: float | None
    n: int
    units: int


def phase_anova(
    maps: Tensor,
    period: Sequence[int],
    *,
    margin: int | Sequence[int] = 0,
    draws: int = 199,
    seed: int = 0,
) -> PhaseAnova | None:
    r"""Between-phase over total sum of squares, with a permutation null.

    Parameters
    ----------
    maps
        Activations of N pictures, (N, C, ...), one to three axes.
    period
        Phases along each axis, P in all.
    margin
        Positions to leave out on every side.
    draws
        Number of draws of the null.
    seed
        Of the null.

    Returns
    -------
        The analysis; ``None`` where maps have less than two periods along an axis, or P is 1.

    Notes
    -----
    Sums of squares are about each channel's own mean over pictures and positions. For the null, maps are cut into at
    most about 64 tiles of whole periods, and the phases of every tile are moved around by a random offset of its own
    smaller than the period, the same in all channels: what stays in place relative to the grid is destroyed, what
    neighbours share is not. Tiles differ by one period at most along an axis and count by their size. Under white noise
    the moved tables are exactly exchangeable.

    Later phases of a rise are higher whatever the network (`sawtooth`), as in pictures with the sky above. What is left
    without it counts, in the null as well; but no more than there is, as the blocks of a nearest resize make up for it.

    Examples
    --------
    >>> import torch
    >>> noise = torch.randn(4, 2, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> board = noise + 0.5 * (torch.arange(32) % 2)
    >>> phase_anova(noise, (2, 2)).p > 0.05, phase_anova(board, (2, 2)).p
    (True, 0.005)
    """
    part = interior(maps, period, margin)
    if part is None or prod(period) == 1:
        return None
    table, sums, n = _table(part, period)
    both = np.concatenate([table, table - _rises(part, period)], 1)
    statistic, null = _less(_between(both)), _less(_null(both, period, draws, seed))
    scale = n / prod(period)
    total = sums.sum()
    if total <= 0:
        empty = np.full(len(sums), np.nan)
        return PhaseAnova(tuple(period), None, None, None, None, empty, empty, None, None, n, len(table))
    observed = float(scale * statistic.sum() / total)
    drawn = scale * null.sum(1) / total
    channels = np.divide(scale * statistic, sums, out=np.full(len(sums), np.nan), where=sums > 0)
    f, f_p = _f_test(scale * float(statistic.sum()), float(total), prod(period), n, len(sums))
    return PhaseAnova(
        tuple(period), observed, float(drawn.mean()), float(np.quantile(drawn, 0.95)), _rank(drawn, observed),
        channels, _ranks(null, statistic), f, f_p, n, len(table),
    )  # fmt: skip


def _table(part: Tensor, period: Sequence[int]) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Phase means of every tile about the channel's mean (U, C, P), total sums of squares (C,), positions.

    Each is multiplied by the tile's size over the mean size, so that the mean over tiles is that over positions.
    """
    values = part.detach().double()
    dims = len(period)
    count, weights = _tiles(values.shape, period)
    means = tile_means(values, period, count)
    tiles, phases = range(2, 2 + 2 * dims, 2), range(3, 3 + 2 * dims, 2)
    table = means.permute(*reversed(tiles), 0, 1, *phases).flatten(0, dims).flatten(2).cpu().numpy()
    size = weights[:, None, None]
    centred = size * (table - (size * table).mean((0, 2))[:, None])
    total = squares(values, (0, *range(2, 2 + dims)))
    return centred, total.cpu().numpy(), values.numel() // values.shape[1]


def _rises(part: Tensor, period: Sequence[int]) -> NDArray[np.float64]:
    """What the steady rise of each picture puts into its tiles, (U, C, P), as in `_table`."""
    rises = sawtooth(part.detach().double(), period).flatten(2).cpu().numpy()
    _, weights = _tiles(part.shape, period)
    return np.tile(rises, (len(weights) // len(rises), 1, 1)) * weights[:, None, None]


def _less(both: NDArray[np.float64]) -> NDArray[np.float64]:
    """The lesser of what the first half and the second half of the last axis hold."""
    return np.minimum(*np.split(both, 2, -1))


def _tiles(shape: Sequence[int], period: Sequence[int]) -> tuple[list[int], NDArray[np.float64]]:
    """Tiles along each axis, near `UNITS` in all, pictures included; and the size of each over the mean size, (U,)."""
    wanted = max(1, round((UNITS / shape[0]) ** (1 / len(period))))
    periods = [side // step for side, step in zip(shape[2:], period, strict=True)]
    counts = [min(wanted, most) for most in periods]
    weights = np.ones(shape[0])
    for most, count in zip(periods, counts, strict=True):
        weights = np.multiply.outer(np.array(tile_sizes(most, count)) * (count / most), weights)
    return counts, weights.ravel()


def _between(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over phases of the squared mean over tiles about its own mean, (C,), of a table (U, C, P)."""
    mean = table.mean(0)
    return np.asarray(((mean - mean.mean(-1, keepdims=True)) ** 2).sum(-1))


def _null(table: NDArray[np.float64], period: Sequence[int], draws: int, seed: int) -> NDArray[np.float64]:
    """`_between` with every tile's phases moved around by an offset of its own, (draws, C).

    Moving around is a factor on every coefficient of the Fourier transform over phases, whose energy (without the mean)
    is the sum of squares.
    """
    rng = generator(seed, "phase permutation")
    count, channels, phases = table.shape
    steps = np.array(period)
    axes = tuple(range(2, 2 + len(steps)))
    spectrum = np.fft.fftn(table.reshape(count, channels, *steps), axes=axes).reshape(count, channels, phases)
    spectrum = np.ascontiguousarray(spectrum[..., 1:].transpose(2, 0, 1))
    moved = np.empty((draws, channels))
    for first in range(0, draws, BLOCK):
        block = min(BLOCK, draws - first)
        sums = _turns(rng.integers(0, steps, (block, count, len(steps))), period) @ spectrum
        moved[first : first + block] = (sums.real**2 + sums.imag**2).sum(0)
    return np.asarray(moved / (phases * count**2))


def _turns(offsets: NDArray[np.int64], period: Sequence[int]) -> NDArray[np.complex128]:
    """What moving tiles by offsets (draws, U, axes) does to each coefficient but the first, (P - 1, draws, U)."""
    factors = np.ones((1, *offsets.shape[:2]), complex)
    for axis, step in enumerate(period):
        roots = np.exp(2j * np.pi * np.outer(np.arange(step), np.arange(step)) / step)
        factors = (factors[:, None] * roots[:, offsets[..., axis]]).reshape(-1, *offsets.shape[:2])
    return factors[1:]


def _rank(drawn: NDArray[np.float64], observed: float) -> float:
    return float((1 + (drawn >= observed * (1 - 1e-9)).sum()) / (1 + len(drawn)))


def _ranks(null: NDArray[np.float64], statistic: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((1 + (null >= statistic * (1 - 1e-9)).sum(0)) / (1 + len(null)))


def _f_test(between: float, total: float, phases: int, n: int, channels: int) -> tuple[float | None, float | None]:
    from scipy.special import fdtrc

    above, below = channels * (phases - 1), channels * (n - phases)
    if below <= 0 or total <= between:
        return None, None
    f = (between / above) / ((total - between) / below)
    return f, float(fdtrc(above, below, f))
