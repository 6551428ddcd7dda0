"""Fixed filters: a smoothing behind what upsamples, a blur before what subsamples."""

from __future__ import annotations

import copy

from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.models.surgery import antialias, surgery_table
from biasscope.models.surgery.edit import described
from biasscope.nn import SmoothUpsampled2d
from biasscope.upsampling.passage import Refused
from biasscope.upsampling.remedies.sites import Change, Remedied, Site
from biasscope.upsampling.remedies.surgery import Altered, site_by_site

KEPT = "kept as they are"


def smoothed(model: nn.Module, example: Tensor, order: int = 0, only: str | None = None) -> Remedied:
    """Put a fixed smoothing behind every transposed convolution and pixel shuffle; weights stay as they are.

    Parameters
    ----------
    model
        Is copied.
    example
        Input to follow the model with.
    order
        0 is the zero-order hold; higher orders smooth more.
    only
        Name of the one layer to change, in the place of all.

    Notes
    -----
    Exact whatever the weights, before and after training.
    Source: Sugawara et al., ICIP 2018; Kinoshita and Kiya, ICASSP 2020.

    Examples
    --------
    >>> import torch
    >>> up = nn.Sequential(nn.ConvTranspose2d(2, 3, 3, 2))
    >>> out = smoothed(up, torch.zeros(1, 2, 5, 5)).model(torch.ones(1, 2, 5, 5))
    >>> out[..., 3:-3, 3:-3].std((2, 3)).max().item() < 1e-6
    True
    """
    fallback = next(model.parameters(), example)

    def smooth(site: Site, layer: nn.Module) -> Altered | str:
        if len(site.factor) != 2:
            return "there is a smoothing for two axes only"
        factor, like = (site.factor[0], site.factor[1]), next(layer.parameters(), fallback)
        behind = SmoothUpsampled2d(site.channels, factor, order, device=like.device, dtype=like.dtype)
        after = f"{type(layer).__name__}, {described(behind)}"
        return Altered(nn.Sequential(layer, behind), Change(site.name, described(layer), after, KEPT))

    return site_by_site(model, example, only, smooth)


def blurred(model: nn.Module, example: Tensor, filter_size: int = 4) -> Remedied:
    """Blur before every subsampling, for gradients without checkerboards: `biasscope.models.antialias`.

    Parameters
    ----------
    model
        Is copied.
    example
        Input to follow the model with.
    filter_size
        Taps; an even number, and 3, write evenly at stride 2.

    Examples
    --------
    >>> import torch
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3, 2, 1), nn.ReLU())
    >>> [change.name for change in blurred(net, torch.zeros(1, 1, 16, 16)).changes]
    ['0']
    """
    try:
        done = antialias(model, filter_size, stem=True, example=example)
    except UsageError as error:
        return Remedied(copy.deepcopy(model), (), (Refused(error.where, "antialias", error.what),))
    table = surgery_table(done)
    changes = tuple(Change(row.name, row.before, row.after, KEPT) for row in table if row.kind != "forward")
    return Remedied(done, changes, tuple(Refused(row.name, row.kind, row.reason) for row in table.kept))
