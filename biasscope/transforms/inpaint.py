"""The fill of Azulay and Weiss: blur what is known into the hole until there is no hole."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

TAPS = (1.0, 4.0, 6.0, 4.0, 1.0)
ROUNDS = 80


def inpaint(pixels: Tensor, known: Tensor) -> Tensor:
    """Fill the unknown pixels.

    Parameters
    ----------
    pixels
        (C, H, W); what stands in unknown pixels does not matter.
    known
        (H, W), boolean.

    Returns
    -------
    (C, H, W). Known pixels are kept as they are.

    Notes
    -----
    Each round replaces the unknown pixels by blur(mask * picture) / blur(mask) with a separable binomial blur of five
    taps, where the mask is what has a value so far, and the mask grows by what has one now. At most 80 rounds (160
    pixels from the picture); what is then left becomes the mean of the known pixels.

    Examples
    --------
    >>> inpaint(torch.tensor([[[3.0, 0.0, 0.0]]]), torch.tensor([[True, False, False]])).tolist()
    [[[3.0, 3.0, 3.0]]]
    """
    values = torch.where(known, pixels, 0)  # unknown pixels stay 0 until they have a value
    filled = known.to(pixels.dtype)
    for _ in range(ROUNDS):
        if bool(filled.all()):
            return values
        weight = _blur(filled[None])
        spread = _blur(values) / weight.clamp_min(torch.finfo(pixels.dtype).tiny)
        filled = (weight[0] > 0).to(pixels.dtype)
        values = torch.where(known, pixels, spread)
    rest = values.sum((1, 2), keepdim=True) / filled.sum().clamp_min(1)
    return torch.where(filled > 0, values, rest)


def _blur(pixels: Tensor) -> Tensor:
    """Separable binomial blur of (C, H, W); zero outside."""
    taps = pixels.new_tensor(TAPS) / sum(TAPS)
    reach = len(TAPS) // 2
    rows = functional.conv2d(pixels[:, None], taps.reshape(1, 1, -1, 1), padding=(reach, 0))
    return functional.conv2d(rows, taps.reshape(1, 1, 1, -1), padding=(0, reach))[:, 0]
