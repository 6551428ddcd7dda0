"""Architectures by name: those of torchvision and timm, and some that are not part of either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import cast

from torch import nn

from biasscope.core.registry import Entry, Registry
from biasscope.models.preprocessing import Preprocessing

CIFAR_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True)
class Architecture:
    """How to build a network (``classes=`` outputs), how it wants pictures if known, and names of its outputs."""

    build: Callable[..., nn.Module]
    preprocessing: Preprocessing | None = None
    class_names: tuple[str, ...] | None = None


def cifar_resnet_of(depth: int) -> Architecture:
    """Residual network for CIFAR-10."""
    from biasscope.models.architectures.cifar_resnet import CifarResNet

    return Architecture(partial(CifarResNet, depth), Preprocessing((32, 32), None), CIFAR_CLASSES)


def mobilenet_v1_of(width: float, side: int) -> Architecture:
    """MobileNet v1 with its usual input in [-1, 1]; class names are those of ImageNet."""
    from biasscope.models.architectures.mobilenet_v1 import MobileNetV1
    from biasscope.models.sources.torchvision import class_names

    prepared = Preprocessing((side, side), int(side / 0.875), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    return Architecture(partial(MobileNetV1, width), prepared, class_names("resnet18"))


_HERE = "biasscope.models.architectures"
ARCHITECTURES = Registry(
    "architecture",
    {
        **{f"cifar_resnet{depth}": Entry(f"{_HERE}:cifar_resnet_of", {"of": (depth,)}) for depth in (20, 32, 44, 56)},
        "mobilenet_v1_025_128": Entry(f"{_HERE}:mobilenet_v1_of", {"of": (0.25, 128)}),
        "mobilenet_v1_050_160": Entry(f"{_HERE}:mobilenet_v1_of", {"of": (0.5, 160)}),
    },
)
"""Architectures by name, beside ``torchvision:<name>``, ``timm:<name>`` and ``python:<module>:<function>``."""


def architecture(name: str, classes: int | None = None) -> Architecture:
    """Find an architecture, with another number of outputs than its own if one is given.

    Raises
    ------
    UsageError
        There is none of that name.

    Examples
    --------
    >>> architecture("cifar_resnet20").preprocessing.size
    (32, 32)
    """
    library, colon, rest = name.partition(":")
    if colon and library == "torchvision":
        from biasscope.models.sources import torchvision as source

        own = Architecture(partial(source.build, rest), source.preprocessing(rest), source.class_names(rest))
    elif colon and library == "timm":
        from biasscope.models.sources import timm

        own = Architecture(partial(timm.build, rest), timm.preprocessing(timm.build(rest)))
    elif colon and library == "python":
        from biasscope.models.sources import python

        own = Architecture(cast(Callable[..., nn.Module], python.factory(rest, where=name)))
    else:
        make = ARCHITECTURES.load(name)
        own = make(*ARCHITECTURES[name].facts["of"])
    if classes is None or classes == len(own.class_names or ()):
        return own
    return Architecture(partial(own.build, classes=classes), own.preprocessing)
