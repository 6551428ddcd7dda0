"""From what is given as a model to what an augmentation sweep trains."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from biasscope.copies.networks import Factory, factories
from biasscope.core.errors import UsageError
from biasscope.models import load_model

Given = str | Callable[[], nn.Module]


def label(given: Given) -> str:
    """Name of a model in tables and sentences.

    >>> label("small:8"), label("torchvision:resnet18@none?classes=10")
    ('small:8', 'resnet18')
    """
    if not isinstance(given, str):
        return str(getattr(given, "__name__", type(given).__name__))
    return given if given.startswith("small:") else given.partition(":")[2].partition("@")[0].partition("?")[0]


def trainable(given: Given, shape: tuple[int, int, int], classes: int) -> str | Factory:
    """Small networks as their text, others as a function that builds one; it is tried on an empty image.

    Parameters
    ----------
    given
        ``small:4``, ``small:8``, ``small:resnet18`` (width after a second colon), a specification as
        :func:`biasscope.load_model` reads it, or a function that builds a network.
    shape
        Channels, height and width of an image.
    classes
        Number of classes that the network must tell apart.

    Raises
    ------
    UsageError
        The model is not known, or does not take these images.
    """
    if isinstance(given, str) and given.startswith("small:"):
        factories(given, ("plain",), shape, classes)
        return given
    factory = _loader(given, classes) if isinstance(given, str) else given
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        network = factory().eval()
        try:
            outputs = network(torch.zeros(1, *shape)).shape[-1]
        except RuntimeError as error:
            what = f"it does not take images of {shape[0]} channels, {shape[1]} x {shape[2]} ({_first(error)})"
            raise UsageError(what, where=label(given), hint="Give images that suit the model.") from error
    if outputs < classes:
        raise UsageError(f"it gives {outputs} answers, the images have {classes} classes", where=label(given))
    return factory


def _loader(spec: str, classes: int) -> Factory:
    untrained = "@none" in spec

    def build() -> nn.Module:
        added = [] if not untrained or "seed=" in spec else [f"seed={int(torch.randint(10**6, ()))}"]
        added += [] if not untrained or "classes=" in spec else [f"classes={classes}"]
        joint = "" if not added else "&" if "?" in spec else "?"
        return load_model(spec + joint + "&".join(added)).module.train()

    return build


def _first(error: Exception) -> str:
    return str(error).splitlines()[0][:120]
