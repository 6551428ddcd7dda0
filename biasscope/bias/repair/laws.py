"""Augmentations as objects: a text people recognise, and a view of boxes through one random draw of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeGuard, runtime_checkable

import numpy as np

from biasscope.bias.columns import Columns
from biasscope.bias.repair.crop_law import (
    Floats,
    Windows,
    center_crop,
    random_crop,
    random_resized_crop,
    resize_center_crop,
    whole_image,
)
from biasscope.bias.repair.text import Call, Value, parse
from biasscope.bias.repair.view import View, look

Sampler = Callable[[Floats, Floats, np.random.Generator], Windows]


@runtime_checkable
class Augmentation(Protocol):
    """What :func:`biasscope.bias.repair.repair` asks of an augmentation."""

    @property
    def text(self) -> str:
        """The augmentation as its user would write it."""

    @property
    def most_boxes(self) -> int:
        """Boxes that can be looked at in reasonable time; more are sampled."""

    def view(self, boxes: Columns, rng: np.random.Generator) -> View:
        """Boxes through one draw."""


@dataclass(frozen=True)
class Law:
    """A crop whose windows are drawn by a law of :mod:`biasscope.bias.repair.crop_law`, one a box.

    Boxes of one image get windows of their own: each box by itself sees the right law, and intervals are made over
    images.
    """

    text: str
    windows: Sampler
    most_boxes: int = 100_000

    def __str__(self) -> str:
        """The augmentation as its user would write it."""
        return self.text

    def view(self, boxes: Columns, rng: np.random.Generator) -> View:
        """Boxes through one window each."""
        return look(self.windows(boxes.width, boxes.height, rng), boxes.corners)


def resized_crop(
    size: int = 224, scale: tuple[float, float] = (0.08, 1.0), ratio: tuple[float, float] = (3 / 4, 4 / 3)
) -> Law:
    """``RandomResizedCrop``, the usual training augmentation for ImageNet.

    >>> resized_crop().text, resized_crop(scale=(0.35, 1.0)).text
    ('RandomResizedCrop(224)', 'RandomResizedCrop(224, scale=(0.35, 1.0))')
    """
    more = f", scale={scale}" if scale != (0.08, 1.0) else ""
    more += f", ratio={ratio}" if ratio != (3 / 4, 4 / 3) else ""
    return Law(
        f"RandomResizedCrop({size}{more})",
        lambda w, h, rng: random_resized_crop(w, h, rng, size=size, scale=scale, ratio=ratio),
    )


def padded_crop(size: int = 32, padding: int = 4) -> Law:
    """``RandomCrop`` with padding, the usual training augmentation for CIFAR.

    >>> padded_crop().text
    'RandomCrop(32, padding=4)'
    """
    return Law(
        f"RandomCrop({size}, padding={padding})", lambda w, h, rng: random_crop(w, h, rng, size=size, padding=padding)
    )


def evaluation_crop(resize: int = 256, size: int = 224) -> Law:
    """``Resize`` of the short side and ``CenterCrop``, the usual evaluation transform for ImageNet.

    >>> evaluation_crop().text
    'Compose([Resize(256), CenterCrop(224)])'
    """
    return Law(
        f"Compose([Resize({resize}), CenterCrop({size})])",
        lambda w, h, rng: resize_center_crop(w, h, resize=resize, size=size),
    )


def law_of(text: str) -> Law | None:
    """Law of a ``RandomResizedCrop`` given as text with nothing beside it, or None.

    >>> law_of("v2.RandomResizedCrop(64, scale=(0.2, 1.0))").text
    'RandomResizedCrop(64, scale=(0.2, 1.0))'
    >>> law_of("RandomResizedCrop(64), RandomHorizontalFlip()") is None
    True
    """
    calls = parse(text)
    return _resized_crop_of(calls[0]) if len(calls) == 1 and calls[0].name == "RandomResizedCrop" else None


def evaluation_of(text: str) -> Law | None:
    """Law of a ``Resize`` and a ``CenterCrop`` given as text with nothing beside them, or None.

    >>> evaluation_of("Resize(40), CenterCrop(32)").text
    'Compose([Resize(40), CenterCrop(32)])'
    """
    calls = parse(text)
    given = [_given(call) for call in calls if call.name in ("Resize", "CenterCrop")]
    sides = [one["size"] for one in given if one.keys() == {"size"}]
    whole = [side for side in sides if _is_side(side)]
    if [call.name for call in calls] != ["Resize", "CenterCrop"] or len(whole) < len(calls):
        return None
    return evaluation_crop(*whole)


def _given(call: Call) -> dict[str, Value]:
    """Arguments by name; those without one, but for the size that comes first, by their place."""
    named = {("size" if not place else str(place)): value for place, value in enumerate(call.arguments)}
    return {**named, **dict(call.options)}


def _resized_crop_of(call: Call) -> Law | None:
    given = _given(call)
    size, scale, ratio = given.pop("size", None), given.pop("scale", (0.08, 1.0)), given.pop("ratio", (3 / 4, 4 / 3))
    ranges = [_range(scale), _range(ratio)]
    if given or not _is_side(size) or ranges[0] is None or ranges[1] is None or ranges[0][1] > 1:
        return None
    return resized_crop(size, ranges[0], ranges[1])


def _is_side(value: object) -> TypeGuard[int]:
    return type(value) is int and value >= 1


def _range(value: object) -> tuple[float, float] | None:
    """Two positive numbers in order, or None: anything odd is left to torchvision to judge."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        return None
    low, high = value
    if not (isinstance(low, int | float) and isinstance(high, int | float) and 0 < low <= high):
        return None
    return float(low), float(high)


def central_crop(size: int) -> Law:
    """``CenterCrop`` without resizing."""
    return Law(f"CenterCrop({size})", lambda w, h, rng: center_crop(w, h, size=size))


def squashed(size: int = 224) -> Law:
    """``Resize((size, size))``: the whole image."""
    return Law(f"Resize(({size}, {size}))", lambda w, h, rng: whole_image(w, h, size=size))


TRAINING, EVALUATION = resized_crop(), evaluation_crop()
