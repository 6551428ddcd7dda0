"""Remedies site by site: a copy of the model, what becomes of every site, and why others are left."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from biasscope.models.surgery.edit import described, own, replace
from biasscope.upsampling.passage import Refused
from biasscope.upsampling.remedies.sites import Change, Convolution, Remedied, Site, Weights, find_sites

LOST = "without its normalisation (spectral_norm, weight_norm or pruning)"


@dataclass(frozen=True)
class Altered:
    """What stands in the place of a site's module, and the row that tells of it."""

    module: nn.Module
    change: Change


def site_by_site(
    model: nn.Module,
    example: Tensor,
    only: str | None,
    alter: Callable[[Site, nn.Module], Altered | str],
    inplace: bool = False,
) -> Remedied:
    """Alter every site of a copy of a model.

    Parameters
    ----------
    model
        Is copied.
    example
        Input to follow the model with.
    only
        Name of the one layer to change, in the place of all.
    alter
        From a site and its module to what stands in its place, or to the reason why it is left.
    inplace
        Alter the model itself.
    """
    model = own(model, inplace)
    sites, skipped = find_sites(model, example, only)
    changes = []
    for site in sites:
        done = alter(site, model.get_submodule(site.name))
        if isinstance(done, str):
            skipped.append(Refused(site.name, site.kind, done))
        else:
            model = replace(model, site.name, lambda _, new=done.module: new)  # type: ignore[misc]
            changes.append(done.change)
    return Remedied(model, tuple(changes), tuple(skipped))


def fixed(layer: nn.Module) -> str:
    """What to say of a layer that makes its weights before every pass where plain ones take their place.

    >>> fixed(nn.utils.spectral_norm(nn.ConvTranspose2d(1, 1, 3))), fixed(nn.Conv2d(1, 1, 3))
    ('; without its normalisation (spectral_norm, weight_norm or pruning): add it again before training', '')
    """
    return f"; {LOST}: add it again before training" if "weight" not in layer._parameters else ""


def weights_by_site(
    model: nn.Module,
    example: Tensor,
    only: str | None,
    make: Callable[[Site, Convolution], Tensor | str],
    text: str,
    weights: Weights = "keep",
) -> Remedied:
    """Give the convolution of every site other weights, and the phases of a pixel shuffle the same bias.

    Parameters
    ----------
    model, example, only
        As in `site_by_site`.
    make
        From a site and its convolution to new weights, or to the reason why it is left.
    text
        What became of the weights.
    weights
        ``keep`` where the new ones stand for the old, so that their distance is told.
    """
    copied = copy.deepcopy(model)

    def alter(site: Site, module: nn.Module) -> Altered | str:
        if not site.conv:
            return site.reason
        conv = cast(Convolution, module if site.conv == site.name else copied.get_submodule(site.conv))
        if "weight" not in conv._parameters:
            return "its weights are made anew before every pass, as by spectral_norm and weight_norm"
        made = make(site, conv)
        if isinstance(made, str):
            return made
        before = conv.weight.detach()
        moved = float((made.to(before) - before).norm() / before.norm().clamp_min(1e-30))
        with torch.no_grad():
            conv.weight.copy_(made)
            if site.kind == "shuffle" and conv.bias is not None:
                conv.bias.copy_(averaged(conv.bias, site))
        told = described(conv)
        return Altered(module, Change(site.conv, told, told, text, moved if weights == "keep" else None))

    return site_by_site(copied, example, only, alter, inplace=True)


def averaged(values: Tensor, site: Site) -> Tensor:
    """Mean over the phases of a pixel shuffle, repeated for each, along the first axis."""
    copies = site.factor[0] * site.factor[1]
    mean = values.detach().view(-1, copies, *values.shape[1:]).mean(1)
    return mean.repeat_interleave(copies, 0)
