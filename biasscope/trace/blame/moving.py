"""A layer's response to a picture, moved as the picture was."""

from __future__ import annotations

from math import ceil, floor
from typing import Literal

import torch
from torch import Tensor

from biasscope.trace.fourier import fourier_shift
from biasscope.trace.layer import Stride

Between = Literal["fourier", "nearest"]


def steps_of(offset: tuple[float, float], stride: Stride | None) -> tuple[tuple[float, float], bool]:
    """How many positions (down, right) a shift of the picture moves a layer's maps; whether these are whole.

    Examples
    --------
    >>> from fractions import Fraction
    >>> steps_of((4, 1), (Fraction(4), Fraction(4))), steps_of((4, 1), None)
    (((1.0, 0.25), False), ((0.0, 0.0), True))
    """
    if stride is None:
        return (0.0, 0.0), True
    down, right = offset[0] / float(stride[0]), offset[1] / float(stride[1])
    whole = abs(down - round(down)) < 1e-9 and abs(right - round(right)) < 1e-9
    return ((float(round(down)), float(round(right))) if whole else (down, right)), whole


def moved(
    maps: Tensor, steps: tuple[float, float], *, own: Tensor | None = None, wraps: bool = True,
    between: Between = "fourier",
) -> Tensor:  # fmt: skip
    """Move maps by (down, right) positions.

    Parameters
    ----------
    maps
        (..., H, W).
    steps
        Positive down and right; fractions in the Fourier domain.
    own
        Where shifts are not circular: what fills the border that the moved maps do not cover.
    wraps
        Whether what leaves on one side enters on the other.
    between
        ``"nearest"`` rounds fractions to whole positions.

    Returns
    -------
        New maps; nothing of them is shared with the argument.

    Examples
    --------
    >>> row = torch.tensor([[[1.0, 2.0, 3.0]]])
    >>> moved(row, (0, 1)).tolist(), moved(row, (0, 1), own=row * 10, wraps=False).tolist()
    ([[[3.0, 1.0, 2.0]]], [[[10.0, 1.0, 2.0]]])
    """
    down, right = (float(round(steps[0])), float(round(steps[1]))) if between == "nearest" else steps
    if down == int(down) and right == int(right):
        result = maps.roll((int(down), int(right)), (-2, -1))
    else:
        kind = torch.float64 if maps.dtype == torch.float64 else torch.float32
        result = fourier_shift(maps.to(kind), (down, right)).to(maps.dtype)
    if wraps or own is None:
        return result
    filled = own.clone()
    rows, columns = _covered(maps.shape[-2], down), _covered(maps.shape[-1], right)
    filled[..., rows, columns] = result[..., rows, columns]
    return filled


def _covered(size: int, step: float) -> slice:
    """Positions that the moved maps know."""
    return slice(min(max(ceil(step), 0), size), max(min(size + floor(step), size), 0))
