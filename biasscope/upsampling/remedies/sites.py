"""Modules whose upsampling can be replaced, and what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from biasscope.upsampling.passage import Event, Passage, Refused
from biasscope.upsampling.record import record

TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
NO_CONVOLUTION = "no convolution stands directly in front of the pixel shuffle"
Transposed = nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d
Convolution = Transposed | nn.Conv2d
Weights = Literal["keep", "new"]


@dataclass(frozen=True)
class Site:
    """One place that upsamples with weights, or interleaves what is in front of it.

    Attributes
    ----------
    name
        Module that upsamples: a transposed convolution or a pixel shuffle.
    kind
        ``transposed`` or ``shuffle``.
    factor
        Along each axis.
    channels
        Channels behind it.
    conv
        Name of the convolution with the weights (of a transposed convolution, its own); empty where `reason` says why
        there are no weights to replace.
    reason
        Something else stands directly in front of a pixel shuffle, or a layer makes its weights in its own way.
    """

    name: str
    kind: str
    factor: tuple[int, ...]
    channels: int
    conv: str
    reason: str = ""


@dataclass(frozen=True)
class Change:
    """What was done to one layer.

    Attributes
    ----------
    name
        Module.
    before, after
        What it was and what does its work now.
    weights
        What became of its weights, in words.
    residual
        Norm of what the new weights cannot express by the norm of the old ones; ``None`` where they are kept as they
        are or drawn anew.
    """

    name: str
    before: str
    after: str
    weights: str
    residual: float | None = None


@dataclass(frozen=True)
class Remedied:
    """A model after a remedy.

    Attributes
    ----------
    model
        A copy; the original is left as it was.
    changes
        What was done, one row a layer; nothing where the remedy does not apply.
    skipped
        Layers that were left, and why.
    """

    model: nn.Module
    changes: tuple[Change, ...]
    skipped: tuple[Refused, ...] = ()


def find_sites(model: nn.Module, example: Tensor, only: str | None = None) -> tuple[list[Site], list[Refused]]:
    """Transposed convolutions and pixel shuffles that are modules, in order; and other places, with the reason.

    With `only`, the one of that name, and nothing else.

    Examples
    --------
    >>> import torch
    >>> net = nn.Sequential(nn.ConvTranspose2d(1, 8, 3, 2), nn.PixelShuffle(2), nn.Upsample(scale_factor=2))
    >>> sites, others = find_sites(net, torch.zeros(1, 1, 4, 4))
    >>> [site.name for site in sites], [other.name for other in others]
    (['0', '1'], ['2'])
    """
    passage = record(model, example)
    modules = dict(model.named_modules())
    sites: dict[str, Site] = {}
    others = list(passage.refused)
    for event in passage.events:
        if event.step is None or not event.step.upsamples:
            continue
        name = event.name.partition("#")[0]
        found = _site(passage, event, name, modules)
        if isinstance(found, Site):
            sites.setdefault(name, found)
        else:
            others.append(Refused(event.name, event.step.kind, found))
    if only is not None:
        return [site for site in sites.values() if site.name == only], []
    return list(sites.values()), others


def _site(passage: Passage, event: Event, name: str, modules: dict[str, nn.Module]) -> Site | str:
    module, step = modules.get(name), event.step
    assert step is not None  # noqa: S101
    if type(module) in TRANSPOSED and isinstance(module, TRANSPOSED):
        return Site(name, "transposed", step.stride, module.out_channels, name)
    if isinstance(module, TRANSPOSED):
        reason = f"{type(module).__name__} makes its weights in its own way"
        return Site(name, "transposed", step.stride, module.out_channels, "", reason)
    if isinstance(module, nn.PixelShuffle):
        conv = passage.maker(event.inputs[0])
        home = modules.get(conv.name) if conv is not None else None
        own = conv.name if conv is not None and type(home) is nn.Conv2d else ""
        return Site(name, "shuffle", step.stride, event.channels, own, "" if own else NO_CONVOLUTION)
    if "interpolate" in step.kind:
        return "a resize writes evenly already"
    if step.kind == "fold":
        return "patches are added up, without weights to replace"
    return "it is called as a function, so there is no module to replace"
