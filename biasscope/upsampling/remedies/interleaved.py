"""The same weights for all filters that a pixel shuffle interleaves into one channel."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from biasscope.nn import icnr_
from biasscope.upsampling.remedies.sites import Convolution, Remedied, Site, Weights
from biasscope.upsampling.remedies.surgery import averaged, weights_by_site

NO_SHUFFLE = "ICNR is for convolutions in front of a pixel shuffle"


def icnr(model: nn.Module, example: Tensor, weights: Weights = "keep", only: str | None = None) -> Remedied:
    """Give all filters that a pixel shuffle interleaves into one channel the same weights.

    Parameters
    ----------
    model
        Is copied.
    example
        Input to follow the model with.
    weights
        ``keep``: their mean, biases too, so that the layer becomes that convolution and a nearest-neighbour resize.
        ``new``: drawn anew by `icnr_`, to be trained.
    only
        Name of the one layer to change, in the place of all.

    Notes
    -----
    Source: Aitken et al., "Checkerboard artifact free sub-pixel convolution", 2017. It is an initialisation: training
    moves the filters apart again.

    Examples
    --------
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.PixelShuffle(2))
    >>> out = icnr(net, torch.zeros(1, 1, 4, 4)).model(torch.rand(1, 1, 4, 4))
    >>> bool(torch.equal(out[..., ::2, ::2], out[..., 1::2, 1::2]))
    True
    """
    text = "mean of the filters of all phases" if weights == "keep" else "drawn anew (ICNR), to be trained"
    return weights_by_site(model, example, only, _alike if weights == "keep" else _drawn, text, weights)


def _alike(site: Site, conv: Convolution) -> Tensor | str:
    return averaged(conv.weight, site) if site.kind == "shuffle" else NO_SHUFFLE


def _drawn(site: Site, conv: Convolution) -> Tensor | str:
    return icnr_(torch.empty_like(conv.weight), site.factor[0]) if site.kind == "shuffle" else NO_SHUFFLE
