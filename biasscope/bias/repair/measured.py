"""What is measured before and after the augmentation, and what belongs to the boxes themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from biasscope.bias.measures import TITLES, Triple
from biasscope.bias.placement import Floats, Ints, Position

NAMED = {
    **TITLES,
    "effect_raw": f"{TITLES['effect_raw']}, all objects",
    "edge_contact": "Share of all objects that touch the frame",
    "median_scale": "Median scale of all objects, also several an image (square root of the area share)",
}
"""Titles of the measures with the objects that they are of."""


@dataclass(frozen=True)
class Side:
    """Position of boxes before or after, with the group of images, the image and the class of each."""

    position: Position
    groups: Ints
    image: Ints
    label: Ints


@dataclass(frozen=True)
class Counted:
    """What belongs to boxes rather than to a side: classes, images, visibility and size ratio, the latter by draw.

    ``notes`` say what must be known of what the augmentation and the evaluation did.
    """

    labels: tuple[str, ...]
    label: Ints
    groups: int
    image: Ints
    images: int
    visible: Floats
    ratio: Floats
    sampled: bool
    drawn: bool
    unsized: int
    notes: tuple[str, ...] = ()


Rows = Mapping[str, tuple[Triple, ...]]
