"""Spectra of outputs, and the stride frequencies in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.results import number
from biasscope.pipeline.upsampling.measurement import Measurement
from biasscope.upsampling import Peaks, power, spectral_peaks

BINS = 64
"""Most bins of a spectrum along an axis."""
Cells = Mapping[str, Any]


def spectra(items: Sequence[Measurement]) -> Iterator[Cells]:
    """Mean power of the output's spectrum in decibels above its weakest bin, zero frequency in the middle."""
    for item in items:
        before = item.remedies[0] if item.remedies else None
        best = item.best
        for role, row in (("as it is", before), (best.title if best else "", best)):
            layer = item.output
            if row is None or row.shown is None or layer is None or layer.peaks is None or row.shown.dim() != 4:
                continue
            if not bool(row.shown.isfinite().all()):
                continue
            cells = spectrum(row.shown, layer.period, layer.peaks.window)
            marks = peaks(row.shown, layer.period)
            yield {
                "model": item.label,
                "role": role,
                "rows": cells.shape[0],
                "columns": cells.shape[1],
                "cells": [round(value, 1) for value in cells.ravel().tolist()],
                "period_y": layer.period[0],
                "period_x": layer.period[1],
                "peak_y": [y for y, _, _, _ in marks],
                "peak_x": [x for _, x, _, _ in marks],
                "peak_decibels": [number(value) for _, _, value, _ in marks],
                "peak_low": [number(low) for _, _, _, low in marks],
                "n": len(row.shown),
            }


def peaks(maps: Tensor, period: Sequence[int]) -> list[tuple[float, float, float, float]]:
    """Stride frequencies (y, x) in cycles a position, each once, with their peaks in dB and the low end of these.

    The low end is that of an interval that holds for all frequencies together: of 63 frequencies of nothing but noise
    one or two would stand out by 95 % intervals of their own. On an axis, where pictures have
    much in common, the low end is no higher than the peak over that axis alone.
    """
    found = spectral_peaks(maps, period, margin=[side // 8 for side in maps.shape[2:]])
    made: dict[tuple[float, float], tuple[float, float]] = {}
    for pair, value, low in zip(found.frequencies, found.decibels, _lowest(found), strict=True) if found else ():
        for sign in (1, -1):
            place = tuple(_folded(sign * int(a), step) for a, step in zip(pair, period, strict=True))
            made[place[0], place[1]] = float(value), float(low)
    return [(y, x, value, low) for (y, x), (value, low) in made.items()]


def _lowest(found: Peaks) -> NDArray[np.float64]:
    return np.minimum(found.least, np.nan_to_num(found.along, nan=np.inf))


def _folded(a: int, step: int) -> float:
    """Frequency a / step in cycles a position, from -1/2 up to less than 1/2."""
    return ((a + step // 2) % step - step // 2) / step


def spectrum(maps: Tensor, period: Sequence[int], window: str) -> NDArray[np.float64]:
    """Power of (N, C, H, W) over its weakest bin, in decibels; wide spectra keep the strongest of neighbouring bins."""
    sides = [side // step * step for side, step in zip(maps.shape[2:], period, strict=True)]
    cut = maps[:, :, : sides[0], : sides[1]]
    values = torch.fft.fftshift(power(cut, window).mean((0, 1)))
    factor = [-(-side // BINS) for side in values.shape]
    pooled = torch.nn.functional.max_pool2d(values[None], tuple(factor), ceil_mode=True)[0]
    decibels = 10 * (pooled / pooled.max().clamp_min(1e-30)).clamp_min(1e-12).log10()
    return np.asarray((decibels - decibels.min()).numpy(), float)
