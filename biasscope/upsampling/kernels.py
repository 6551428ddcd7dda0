"""Weights with which PyTorch resizes a line, measured on it."""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F

from biasscope.upsampling.step import Line

_SAMPLES = 24


@cache
def resize_taps(mode: str, factor: int, grows: bool, antialias: bool = False) -> tuple[Line, int]:
    """Weights of one input over outputs (``grows``) or of inputs in one output, and how far they begin before.

    >>> resize_taps("nearest", 2, grows=True), resize_taps("bilinear", 2, grows=False)
    (((1, 1), 0), ((0.5, 0.5), 0))
    """
    if factor == 1:
        return (1,), 0
    small, big = _SAMPLES, _SAMPLES * factor
    eye = torch.eye(small if grows else big, dtype=torch.float64)[:, None]
    if mode == "bicubic" or antialias:
        size = (4, big if grows else small)
        full = F.interpolate(eye[:, :, None].expand(-1, -1, 4, -1), size, mode=mode, antialias=antialias)[:, 0, 0]
    else:
        mode = {"bilinear": "linear", "trilinear": "linear"}.get(mode, mode)
        full = F.interpolate(eye, big if grows else small, mode=mode)[:, 0]
    middle = small // 2
    line = full[middle] if grows else full[:, middle]
    filled = torch.nonzero(line.abs() > 1e-12).flatten()
    first, last = int(filled[0]), int(filled[-1])
    values = [round(value, 12) for value in line[first : last + 1].tolist()]
    whole: Line = tuple(int(value) if value == int(value) else value for value in values)
    return whole, middle * factor - first
