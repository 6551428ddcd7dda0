"""Initialisation of sub-pixel convolutions."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def icnr_(weight: Tensor, upscale_factor: int, init: Callable[[Tensor], Tensor] = nn.init.kaiming_normal_) -> Tensor:
    """Initialise a convolution in front of ``nn.PixelShuffle`` as convolution followed by nearest-neighbour resize.

    All ``upscale_factor ** 2`` filters that the shuffle interleaves into one output channel start equal, so the
    initial output has no checkerboard. It holds at initialisation only: training moves the filters apart.

    Parameters
    ----------
    weight
        Filter (C r^2, C_in, k_h, k_w), changed in place.
    upscale_factor
        Factor r of the pixel shuffle.
    init
        In-place initialisation of the (C, C_in, k_h, k_w) filters that are repeated.

    Returns
    -------
    The weight.

    Raises
    ------
    ValueError
        If the factor is no positive integer, or the number of filters is not a multiple of r^2.

    Notes
    -----
    Source: Aitken et al., "Checkerboard artifact free sub-pixel convolution", 2017.

    Examples
    --------
    >>> import torch
    >>> conv = torch.nn.Conv2d(2, 3 * 4, 3, padding=1, bias=False)
    >>> _ = icnr_(conv.weight, 2)
    >>> up = torch.nn.functional.pixel_shuffle(conv(torch.rand(1, 2, 4, 4)), 2)
    >>> torch.allclose(up[..., 0::2, 0::2], up[..., 1::2, 1::2])
    True
    """
    if isinstance(upscale_factor, bool) or not isinstance(upscale_factor, int) or upscale_factor < 1:
        raise ValueError(f"upscale_factor must be an integer >= 1, got {upscale_factor!r}")
    copies = upscale_factor**2
    if weight.dim() != 4 or weight.shape[0] % copies:
        raise ValueError(
            f"icnr_ needs a 4-dimensional weight whose first side is a multiple of upscale_factor^2 = {copies}, "
            f"got shape {tuple(weight.shape)}"
        )
    with torch.no_grad():
        base = init(weight.new_empty(weight.shape[0] // copies, *weight.shape[1:]))
        return weight.copy_(base.repeat_interleave(copies, 0))
