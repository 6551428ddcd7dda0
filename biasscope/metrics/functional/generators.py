"""Generators of continuous transformations: how a picture changes at the first instant of moving, turning, growing.

Convention
----------
Pixels, origin top left, y down. The content moves along a velocity field (u_y, u_x) at the pixel (y, x), so the picture
changes by ``-(u_y dI/dy + u_x dI/dx)``. Rotation, scale and shear are about the centre of the picture.

============== =============== =============== =============================
generator      u_y             u_x             unit of t
============== =============== =============== =============================
translation-x  0               1               pixel to the right
translation-y  1               0               pixel down
rotation       x'              -y'             radian, clockwise as seen
scale          y'              x'              growth of log size
shear          0               y'              pixel right a pixel down
============== =============== =============== =============================
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from biasscope.core.errors import UsageError

Generator = Literal["translation-x", "translation-y", "rotation", "scale", "shear"]
Derivative = Literal["fourier", "bilinear"]
GENERATORS: tuple[Generator, ...] = ("translation-x", "translation-y", "rotation", "scale", "shear")


def slope(images: Tensor, axis: int, derivative: Derivative = "bilinear") -> Tensor:
    """Give the derivative of pictures (..., H, W) along an axis (-2 or -1), per pixel.

    "fourier" is exact for band-limited periodic pictures (the Nyquist frequency has no slope); "bilinear" is what a
    small symmetric bilinear shift changes: half the difference of the two neighbours, border pixels repeated.

    Examples
    --------
    >>> import torch
    >>> slope(torch.tensor([[0.0, 1.0, 4.0, 9.0]]), -1).tolist()
    [[0.5, 2.0, 4.0, 2.5]]
    """
    if images.dtype in (torch.float16, torch.bfloat16):  # which have no spectrum on every device
        return slope(images.float(), axis, derivative).to(images.dtype)
    length = images.shape[axis]
    if derivative == "bilinear":
        index = torch.arange(length, device=images.device)
        after, before = (index + 1).clamp(max=length - 1), (index - 1).clamp(min=0)
        return (images.index_select(axis, after) - images.index_select(axis, before)) / 2
    frequency = torch.fft.rfftfreq(length, device=images.device, dtype=images.dtype) * (2 * torch.pi)
    if length % 2 == 0:
        frequency[-1] = 0
    ramp = 1j * (frequency[:, None] if axis == -2 else frequency)
    spectrum: Tensor = torch.fft.rfft(images, dim=axis) * ramp
    changed: Tensor = torch.fft.irfft(spectrum, n=length, dim=axis)
    return changed


def tangent(images: Tensor, generator: Generator, derivative: Derivative | None = None) -> Tensor:
    """Give d/dt at 0 of the transformed pictures T_t x, of the shape of the pictures (..., H, W).

    Parameters
    ----------
    images
        (..., H, W), floating point.
    generator
        "translation-x", "translation-y", "rotation", "scale" or "shear".
    derivative
        How slopes are taken, see `slope`: "fourier" for translations and "bilinear" for the others, unless given.

    Returns
    -------
    Change of the pixels by t, of the shape of the pictures.

    Raises
    ------
    UsageError
        If a word is not one of those.

    Examples
    --------
    >>> import torch
    >>> ramp = torch.arange(4.0).expand(1, 1, 4, 4)  # brighter to the right
    >>> tangent(ramp, "translation-x", "bilinear")[0, 0, 0].tolist()  # moving right darkens it
    [-0.5, -1.0, -1.0, -0.5]
    """
    if generator not in GENERATORS:
        raise UsageError(f"must be one of {', '.join(GENERATORS)}; got {generator!r}", where="generator")
    chosen = derivative or ("fourier" if generator.startswith("translation") else "bilinear")
    if chosen not in ("fourier", "bilinear"):
        raise UsageError(f"must be 'fourier' or 'bilinear', got {derivative!r}", where="derivative")
    down, right = _velocity(generator, images)
    moved = torch.zeros_like(images)
    for axis, speed in ((-2, down), (-1, right)):
        if speed is not None:
            moved = moved - speed * slope(images, axis, chosen)
    return moved


def _velocity(generator: Generator, images: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """Speed of the content down and right, broadcast to (H, W)."""
    one = images.new_ones(())
    y, x = (torch.arange(size, device=images.device, dtype=images.dtype) - (size - 1) / 2 for size in images.shape[-2:])
    return {
        "translation-x": (None, one),
        "translation-y": (one, None),
        "rotation": (x[None, :], -y[:, None]),
        "scale": (y[:, None], x[None, :]),
        "shear": (None, y[:, None]),
    }[generator]
