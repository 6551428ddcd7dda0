"""Shifts by fractions of a position in the Fourier domain, and their derivative, as small circulant matrices."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Key = tuple[torch.dtype, torch.device]


def fourier_shift(maps: Tensor, shift: tuple[float, float]) -> Tensor:
    """Move maps (..., H, W) by (down, right) positions around the edges; whole shifts are rolls.

    Notes
    -----
    The highest frequency of an even side keeps its cosine part only, so that real maps stay real.

    Examples
    --------
    >>> x = torch.tensor([[[0.0, 0.0, 1.0, 1.0]]])
    >>> [round(abs(value), 3) for value in fourier_shift(x, (0, 0.5)).flatten().tolist()]
    [0.5, 0.207, 0.5, 1.207]
    """
    key = (maps.dtype, maps.device)
    down, right = shift
    if right:
        maps = maps @ shift_matrix(maps.shape[-1], right, *key).mT
    if down:
        maps = shift_matrix(maps.shape[-2], down, *key) @ maps
    return maps


@lru_cache(256)
def shift_matrix(size: int, shift: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Matrix (size, size) that moves a column by a fraction of a position."""
    frequency = np.fft.rfftfreq(size)
    ramp = np.asarray(np.exp(-2j * np.pi * frequency * shift), np.complex128)
    if size % 2 == 0:
        ramp[-1] = np.cos(np.pi * shift)
    return _circulant(ramp, size, dtype, device)


@lru_cache(64)
def derivative_matrix(size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Derivative of `shift_matrix` by the shift, at 0."""
    slope = np.asarray(-2j * np.pi * np.fft.rfftfreq(size), np.complex128)
    if size % 2 == 0:
        slope[-1] = 0
    return _circulant(slope, size, dtype, device)


def _circulant(spectrum: NDArray[np.complex128], size: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    column = np.fft.irfft(spectrum, size)
    place = (np.arange(size)[:, None] - np.arange(size)) % size
    return torch.as_tensor(column[place], dtype=dtype, device=device)
