"""From a model to the networks of a sweep: variants and seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from zlib import crc32

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from biasscope.core.errors import UsageError
from biasscope.core.randomness import mix
from biasscope.models.borrow import evaluating
from biasscope.models.small.network import SmallNet
from biasscope.models.small.recipe import RECIPES
from biasscope.models.small.residual import SmallResNet
from biasscope.models.surgery import antialias, pac, polyphase

Factory = Callable[[], nn.Module]
Shape = tuple[int, int, int]
MOST_WIDTH = 512

SURGERY: dict[str, Callable[[nn.Module, Shape], nn.Module]] = {
    "plain": lambda net, shape: net,
    "antialias": lambda net, shape: antialias(net, example=shape),
    "polyphase": lambda net, shape: polyphase(net, example=shape),
    "pac": lambda net, shape: pac(net, example=shape, scale=1.0),
}
"""Variants that any network has."""


def factories(
    model: str | Factory | Mapping[str, Factory], variants: tuple[str, ...], shape: Shape, classes: int
) -> dict[str, Factory]:
    """One function a variant that builds an untrained network.

    Parameters
    ----------
    model
        ``small:4`` or ``small:8`` (or a recipe, ``digits8``): the small network with that product of strides, or
        ``small:resnet18``, width after a second colon; a function that builds a network, on which surgery is done; or a
        function for each variant.
    variants
        ``plain``, ``antialias``, ``polyphase``, ``pac``, or the keys of the mapping.
    shape
        Channels, height and width of an image as the network sees it.

    Raises
    ------
    UsageError
        A variant or the model is not known.

    Examples
    --------
    >>> made = factories("small:4:6", ("plain", "antialias"), (1, 32, 32), 10)
    >>> made["plain"]()(torch.zeros(1, 1, 32, 32)).shape
    torch.Size([1, 10])
    """
    known = model if isinstance(model, Mapping) else SURGERY
    if missing := [name for name in variants if name not in known]:
        raise UsageError(f"there is no variant {missing[0]!r}", hint=f"There are: {', '.join(known)}.")
    if isinstance(model, Mapping):
        return {name: _sized(model[name], shape) for name in variants}
    build = _small(model, shape, classes) if isinstance(model, str) else _sized(model, shape)
    return {name: _operated(build, name, shape) for name in variants}


def build(factory: Factory, seed: int, name: str = "") -> nn.Module:
    """Build a network whose weights depend on the seed alone; torch's global generator is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(mix(seed, crc32(name.encode()))[0] >> 32))  # torch takes 32 bits
        return factory()


def _small(text: str, shape: Shape, classes: int) -> Factory:
    word, _, width = text.removeprefix("small:").partition(":")
    if (width or text.endswith(":")) and not (width.isdecimal() and 0 < int(width) <= MOST_WIDTH):
        raise UsageError(f"the width of {text!r} is no number of channels", hint="Write small:8:12.")
    if word == "resnet18":
        return lambda: SmallResNet(classes, int(width or 16), shape[0])
    if word in ("4", "8"):
        return lambda: SmallNet(int(word), classes, int(width or 12), shape[0])
    if word not in RECIPES:
        hint = f"There are: small:4, small:8, small:resnet18, {', '.join(f'small:{name}' for name in RECIPES)}."
        raise UsageError(f"there is no small network {text!r}", hint=hint)
    made = RECIPES[word]
    return lambda: SmallNet(made.stride, classes, int(width or made.width), shape[0])


def _sized(build: Factory, shape: Shape) -> Factory:
    """Function that builds a network and lets its lazy layers see an image, without which they have no weights."""

    def made() -> nn.Module:
        network = build()
        if isinstance(network, nn.Module) and any(map(is_lazy, (*network.parameters(), *network.buffers()))):
            with evaluating(network), torch.no_grad():
                network(torch.zeros(1, *shape))
        return network

    return made


def _operated(build: Factory, name: str, shape: Shape) -> Factory:
    return lambda: SURGERY[name](build(), shape)
