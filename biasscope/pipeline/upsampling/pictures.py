"""Small pictures of patterns and outputs, enlarged so that single positions are seen, as data addresses."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from biasscope.core.results import number
from biasscope.pipeline.common.numbers import percent
from biasscope.pipeline.upsampling.measurement import Measurement
from biasscope.upsampling import LayerPattern, Row, power, spectral_peaks

SIDE, CROP, TILES, IMAGES = 128, 32, 24, 2
"""Side of a picture in pixels, positions of an output that are shown, positions of a tiled pattern, pictures."""
BINS, LEAST = 64, 1e-9
"""Most bins of a spectrum along an axis; least end of the scale of a pattern."""
Cells = Mapping[str, Any]


def address(values: Tensor, low: float, high: float) -> str:
    """Data address of a map (H, W) in grey, ``low`` black and ``high`` white, every position a square.

    >>> address(torch.zeros(2, 2), 0.0, 1.0)[:22]
    'data:image/png;base64,'
    """
    scaled = ((values.double().nan_to_num(0.0) - low) / max(high - low, 1e-30)).clamp(0, 1) * 255
    pixels = scaled.round().to(torch.uint8).numpy()
    factor = max(SIDE // max(pixels.shape), 1)
    buffer = io.BytesIO()
    Image.fromarray(pixels.repeat(factor, 0).repeat(factor, 1)).save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def flat(values: Tensor) -> Tensor:
    """Map of one channel as rows and columns: a line is one row, of a volume the first slice is taken."""
    while values.dim() > 2:
        values = values[0]
    return values[None] if values.dim() == 1 else values


def tiled(pattern: Tensor) -> Tensor:
    """Pattern of one channel, repeated."""
    plain = flat(pattern)
    down, right = (max(-(-TILES // side), 1) if side > 1 else TILES // 3 for side in plain.shape)
    return plain.repeat(down, right)


def strongest(pattern: Tensor) -> int:
    """Channel of a pattern (C, ...) that varies most."""
    return int(pattern.flatten(1).square().sum(1).argmax())


def patterns(items: Sequence[Measurement]) -> Iterator[Cells]:
    """The pattern of every layer and of the output, each on a scale of its own, and the answer to constants."""
    for item in items:
        for layer in item.found.patterns:
            if layer.pattern is None:
                continue
            channel = strongest(layer.pattern)
            values = tiled(layer.pattern[channel])
            top = max(float(values.abs().max()), LEAST)
            said = f"channel {channel} of {layer.channels}, from {-top:.3g} to {top:.3g} about its mean"
            yield _row(item, layer.name, "pattern", address(values, -top, top), said, _below(layer))
        response = item.found.response
        if response is not None:
            means = response.means[response.strongest]
            around = means - means.flatten(1).mean(1).view(-1, *(1,) * (means.dim() - 1))
            values = tiled(around[strongest(around)])
            top = max(float(values.abs().max()), LEAST)
            said = (
                f"constant pictures of {float(response.levels[response.strongest]):.3g}; from {-top:.3g} to {top:.3g}"
            )
            below = f"ripple {percent(float(response.relative[response.strongest]))}"
            yield _row(item, "output", "constant", address(values, -top, top), said, below)


def _row(item: Measurement, layer: str, role: str, picture: str, caption: str, below: str) -> Cells:
    return {
        "model": item.label, "layer": layer, "role": role, "picture": picture, "caption": caption, "below": below
    }  # fmt: skip


def _below(layer: LayerPattern) -> str:
    """How strong the pattern is, in a few words."""
    share = layer.anova.eta_squared if layer.anova is not None else None
    peak = layer.clearest.mean[0] if layer.clearest is not None else None
    said = [] if share is None else [f"explains {percent(share)}"]
    return ", ".join([*said, *([] if peak is None else [f"{peak:.1f} dB".replace("-", "\N{MINUS SIGN}")])])


def before_after(items: Sequence[Measurement]) -> Iterator[Cells]:
    """Middle of the outputs for the first pictures, as they are and after every remedy, on one scale a picture."""
    for item in items:
        rows = [row for row in item.remedies if row.shown is not None and row.shown.dim() > 2]
        rows = [row for row in rows if bool(shown(row).isfinite().all())]
        if not rows or rows[0].name:
            continue
        pattern = item.output.pattern if item.output is not None else None
        for image in range(min(IMAGES, len(shown(rows[0])))):
            yield from _image(item, rows, image, pattern)


def _image(item: Measurement, rows: Sequence[Row], image: int, pattern: Tensor | None) -> Iterator[Cells]:
    maps = shown(rows[0])
    few = pattern is not None and len(pattern) == maps.shape[1]
    channel = strongest(pattern) if pattern is not None and few else 0
    first = middle(flat(maps[image, channel]))
    low, high = float(first.min()), float(first.max())
    for row in rows:
        part = middle(flat(shown(row)[image, channel])) if shown(row).shape == maps.shape else None
        if part is not None:
            yield {
                "model": item.label,
                "remedy": row.name or "none",
                "title": row.title,
                "image": image,
                "picture": address(part, low, high),
            }


def shown(row: Row) -> Tensor:
    """Outputs that were kept."""
    assert row.shown is not None  # noqa: S101
    return row.shown


def middle(values: Tensor) -> Tensor:
    """Middle of a map, at most `CROP` positions high and wide."""
    for axis in (0, 1):
        size = min(values.shape[axis], CROP)
        values = values.narrow(axis, (values.shape[axis] - size) // 2, size)
    return values


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
    """Stride frequencies (y, x) in cycles a position, each once, with their peaks in dB and the low end of these."""
    found = spectral_peaks(maps, period, margin=[side // 8 for side in maps.shape[2:]])
    made: dict[tuple[float, float], tuple[float, float]] = {}
    for pair, value, low in zip(*(found.frequencies, found.decibels, found.low), strict=True) if found else ():
        for sign in (1, -1):
            place = tuple(_folded(sign * int(a), step) for a, step in zip(pair, period, strict=True))
            made[place[0], place[1]] = float(value), float(low)
    return [(y, x, value, low) for (y, x), (value, low) in made.items()]


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
