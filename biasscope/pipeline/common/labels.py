"""Short names of models, which are unique within a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from torch import nn

from biasscope.models import LoadedModel
from biasscope.models.surgery.layers.spelled import class_name

Given = str | nn.Module | LoadedModel


def label_of(model: Given) -> str:
    """Short name of a model: what its specification calls it, without weights, options and folders.

    Examples
    --------
    >>> [label_of(spec) for spec in ("torchvision:vgg16@none?seed=1", "file:/w/resnet20.safetensors?arch=x")]
    ['vgg16', 'resnet20']
    """
    text = model if isinstance(model, str) else _spec(model)
    scheme, _, name = text.partition(":")
    name = name.partition("?")[0]
    return (PurePath(name).stem if scheme == "file" else name.partition("@")[0]) or scheme


def unique(labels: Sequence[str]) -> list[str]:
    """Labels that are all different, in the same order.

    Examples
    --------
    >>> unique(["a", "b", "a", "a #2"])
    ['a', 'b', 'a #2', 'a #2 #2']
    """
    taken: list[str] = []
    for label in labels:
        number, name = 1, label
        while name in taken:
            number += 1
            name = f"{label} #{number}"
        taken.append(name)
    return taken


def _spec(model: nn.Module | LoadedModel) -> str:
    return model.provenance.spec if isinstance(model, LoadedModel) else f"module:{class_name(model)}"
