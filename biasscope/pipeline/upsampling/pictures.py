"""Small pictures of patterns and outputs, enlarged so that single positions are seen, as data addresses."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from biasscope.pipeline.common.numbers import percent
from biasscope.pipeline.upsampling.measurement import Measurement
from biasscope.upsampling import LayerPattern, Row

SIDE, CROP, TILES, IMAGES = 128, 32, 24, 2
"""Side of a picture in pixels, positions of an output that are shown, positions of a tiled pattern, pictures."""
LEAST, NOTHING = 1e-9, -60.0
"""Least end of the scale of a pattern; decibels of a peak that is none."""
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
    return ", ".join([*said, *([] if peak is None else [_decibels(peak)])])


def _decibels(value: float) -> str:
    """Peak in words; what is lower than `NOTHING` is nothing but rounding.

    >>> _decibels(3.04), _decibels(-300.0)
    ('3.0 dB', 'no peaks')
    """
    return "no peaks" if value < NOTHING else f"{value:.1f} dB".replace("-", "\N{MINUS SIGN}")


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
