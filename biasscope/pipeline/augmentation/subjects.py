"""From what is given as a model to what an augmentation sweep trains."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import shorten

import torch
from torch import Tensor, nn

from biasscope.copies.networks import Factory, factories
from biasscope.copies.tryout import built
from biasscope.core.errors import UsageError
from biasscope.models import load_model
from biasscope.pipeline.common.labels import label_of

Given = str | Callable[[], nn.Module]


def label(given: Given) -> str:
    """Name of a model in tables and sentences.

    >>> label("small:8"), label("torchvision:resnet18@none?classes=10")
    ('small:8', 'resnet18')
    """
    if not isinstance(given, str):
        return str(getattr(given, "__name__", type(given).__name__))
    return given if given.startswith("small:") else label_of(given)


def starts_trained(given: Given) -> bool:
    """Whether training starts from weights that a specification names, not from random ones.

    A function of one's own is called anew for every repetition, so that it says itself where training starts.

    >>> [starts_trained(spec) for spec in ("small:8", "torchvision:resnet18@none", "file:net.safetensors?arch=x")]
    [False, False, True]
    >>> starts_trained("python:mine:build")
    False
    """
    return isinstance(given, str) and not given.startswith(("small:", "python:")) and "@none" not in given


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
    if isinstance(given, nn.Module):
        hint = "Give a function that builds it, as lambda: Net(), because every repetition starts anew."
        raise UsageError("this is a network, not a function that builds one", where=label(given), hint=hint)
    factory = _loader(given, classes) if isinstance(given, str) else given
    network = built(factory, label(given)).eval()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        try:
            found = network(torch.zeros(1, *shape))
        except Exception as error:  # any model's forward may raise anything
            what = f"it does not take images of {shape[0]} channels, {shape[1]} x {shape[2]} ({_first(error)})"
            raise UsageError(what, where=label(given), hint="Give images that suit the model.") from error
    if not isinstance(found, Tensor) or found.ndim != 2:
        what = f"shape {tuple(found.shape)}" if isinstance(found, Tensor) else f"a {type(found).__name__}"
        hint = "Give a model that classifies images: its output is (images, classes)."
        raise UsageError(f"it gives {what} for an image", where=label(given), hint=hint)
    if found.shape[1] < classes:
        raise UsageError(f"it gives {found.shape[1]} answers, the images have {classes} classes", where=label(given))
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
    return shorten((str(error).splitlines() or [type(error).__name__])[0], 160)
