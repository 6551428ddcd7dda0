"""From a model to the networks of a sweep: variants, seeds, and what the argument says about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from zlib import crc32

import torch
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.core.randomness import mix
from biasscope.models.small.network import SmallNet
from biasscope.models.small.recipe import RECIPES
from biasscope.models.small.residual import SmallResNet
from biasscope.models.surgery import antialias, pac, polyphase

Factory = Callable[[], nn.Module]
Shape = tuple[int, int, int]
MOST_WIDTH = 512

SURGERY: dict[str, Callable[[nn.Module, Shape], nn.Module]] = {
    "plain": lambda net, shape: net,
    "antialias": lambda net, shape: antialias(net, example=shape, inplace=True),
    "polyphase": lambda net, shape: polyphase(net, example=shape, inplace=True),
    "pac": lambda net, shape: pac(net, example=shape, scale=1.0, inplace=True),
}
"""Variants that any network has."""


@dataclass(frozen=True)
class Subsampling:
    """How coarse the last map of a network is.

    Attributes
    ----------
    stride_product
        Product of the strides s.
    size_ratio
        Side of the input over that of the last map.
    """

    stride_product: int
    size_ratio: float

    @property
    def copies(self) -> int:
        """Copies that the subsampling argument asks for: one for each phase, s^2."""
        return self.stride_product**2


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
        return {name: model[name] for name in variants}
    build = _small(model, shape, classes) if isinstance(model, str) else model
    return {name: _operated(build, name, shape) for name in variants}


def build(factory: Factory, seed: int, name: str = "") -> nn.Module:
    """Build a network whose weights depend on the seed alone; torch's global generator is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(mix(seed, crc32(name.encode()))[0] >> 32))  # torch takes 32 bits
        return factory()


@torch.no_grad()
def subsampling(network: nn.Module, shape: Shape) -> Subsampling:
    """Product of strides and size ratio, from the sizes that a forward pass goes through.

    Branches that are joined again count once, pooling of the whole map does not count.

    Examples
    --------
    >>> subsampling(SmallNet(8), (1, 64, 64))
    Subsampling(stride_product=8, size_ratio=8.0)
    """
    steps: dict[tuple[int, int], int] = {}
    last = [shape[1]]

    def note(module: nn.Module, args: tuple[object, ...], out: object) -> None:
        before = args[0] if args else None
        if not (isinstance(before, Tensor) and isinstance(out, Tensor) and before.ndim == out.ndim == 4):
            return
        large, small = before.shape[2], out.shape[2]
        if small > large or (small == 1 and _takes_all(module, large)):
            return
        place = (small, 0 if small > 1 else large)
        steps[place] = max(steps.get(place, 1), _stride(module, large / small))
        last[0] = min(last[0], small)

    leaves = [module for module in network.modules() if not list(module.children())]
    hooks = [leaf.register_forward_hook(note) for leaf in leaves]
    was = network.training
    try:
        network.eval()(torch.zeros(1, *shape, device=next(network.parameters()).device))
    finally:
        network.train(was)
        for hook in hooks:
            hook.remove()
    return Subsampling(prod(steps.values()), shape[1] / last[0])


def _stride(module: nn.Module, ratio: float) -> int:
    """Stride of a layer; that of one that does not say it follows from its sizes."""
    own = getattr(module, "stride", None)
    if isinstance(own, Sequence) and own:
        own = own[0]
    return own if isinstance(own, int) else round(ratio)


def _takes_all(module: nn.Module, side: int) -> bool:
    """Whether a layer whose map is one pixel sums over all of its input: a global average, a dense layer."""
    if type(module).__name__.startswith("Adaptive"):
        return True
    kernel = getattr(module, "kernel_size", None)
    covers = (kernel[0] if isinstance(kernel, Sequence) else kernel) == side
    if isinstance(module, nn.AvgPool2d | nn.LPPool2d):
        return covers
    return isinstance(module, nn.Conv2d) and covers and module.padding in ((0, 0), "valid") and side > 1


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


def _operated(build: Factory, name: str, shape: Shape) -> Factory:
    return lambda: SURGERY[name](build(), shape)
