"""Published figures beside one's own, with their grades and with what differs.

Grades: P, read in the paper's own table; D, digitised from a figure. Figures are of the authors' weights and pictures,
so they stand beside one's own for orientation. They are never expected to be equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One figure of one architecture in one form.

    Attributes
    ----------
    source, grade
        Where it was read, and how: ``P`` the paper's table, ``D`` digitised.
    architecture, variant, taps
        ``variant`` is ``baseline`` or ``antialias``, with that number of taps.
    measure
        ``consistency``, ``accuracy``, ``top1_change`` or ``mean_absolute_change``.
    protocol
        ``crop`` or ``embed``.
    setting
        How it was measured, in words.
    value
        A share.
    """

    source: str
    grade: str
    architecture: str
    variant: str
    taps: int
    measure: str
    protocol: str
    setting: str
    value: float


ZHANG, AZULAY = "Zhang 2019, table of ImageNet results", "Azulay & Weiss 2019, table 1"
ZHANG_SETTING = "ImageNet validation, 256-pixel crop, two random offsets of 0..31 pixels per axis, 224-pixel windows"
ZHANG_ACCURACY = "ImageNet validation, central 224-pixel crop"
CROP_SETTING = "8 diagonal pairs of 224-pixel windows one pixel apart in a resized random crop, 1001 ImageNet pictures"
BLACK_SETTING = "pictures of 100 pixels pasted into a 224-pixel canvas, moved by one pixel, 1001 ImageNet pictures"

TAPS = (0, 2, 3, 4, 5)
ANTIALIASED = {
    "alexnet": "56.55/78.18 57.24/81.33 56.90/82.15 56.72/82.54 56.58/82.51",
    "vgg16": "71.59/88.52 72.15/89.24 72.20/89.60 72.43/89.92 72.33/90.19",
    "resnet18": "69.74/85.11 71.39/86.90 71.69/87.51 71.48/88.07 71.38/88.25",
    "resnet50": "76.16/89.20 76.81/89.96 76.83/90.91 77.23/91.29 77.04/91.31",
    "mobilenet_v2": "71.88/86.50 72.63/87.33 72.59/87.46 72.72/87.72 72.50/87.79",
    "densenet121": "74.43/88.81 75.04/89.53 75.14/89.78 75.29/90.29 75.03/90.39",
}
"""Accuracy/consistency in per cent: baseline, then trained with 2, 3, 4 and 5 taps (Zhang, ICML 2019)."""
CHANGES = {
    "vgg16": (0.062, 0.18, 0.038, 0.06),
    "resnet50": (0.061, 0.20, 0.04, 0.086),
    "densenet121": (0.068, 0.19, 0.045, 0.079),
}
"""P(top-1 change) crop, embedded in black; mean absolute change crop, black (Azulay & Weiss, JMLR 2019, PyTorch)."""
RESCALE: dict[str, dict[int, float]] = {
    "VGG16": {60: 0.10, 100: 0.38, 150: 0.65, 210: 0.81},
    "ResNet50": {60: 0.13, 100: 0.455, 150: 0.755, 210: 0.86},
    "InceptionResNetV2": {60: 0.115, 100: 0.465, 150: 0.78, 210: 0.89},
    "humans": {100: 0.85},
}
"""Top-5 accuracy by size in pixels within a 224-pixel frame, digitised (Azulay & Weiss, JMLR 2019)."""
RESCALE_GRADE, RESCALE_FRAME = "D", 224


def figures(architecture: str) -> Iterator[Published]:
    """Every figure that is known of an architecture.

    Examples
    --------
    >>> [f.value for f in figures("vgg16") if f.measure == "top1_change"]
    [0.062, 0.18]
    """
    for taps, pair in zip(TAPS, ANTIALIASED.get(architecture, "").split(), strict=False):
        accuracy, consistency = (round(float(text) / 100, 6) for text in pair.split("/"))
        form = "antialias" if taps else "baseline"
        yield Published(ZHANG, "P", architecture, form, taps, "consistency", "crop", ZHANG_SETTING, consistency)
        yield Published(ZHANG, "P", architecture, form, taps, "accuracy", "crop", ZHANG_ACCURACY, accuracy)
    for value, (measure, protocol) in zip(CHANGES.get(architecture, ()), CHANGE_ORDER, strict=False):
        setting = CROP_SETTING if protocol == "crop" else BLACK_SETTING
        yield Published(AZULAY, "P", architecture, "baseline", 0, measure, protocol, setting, value)


CHANGE_ORDER = (
    ("top1_change", "crop"),
    ("top1_change", "embed"),
    ("mean_absolute_change", "crop"),
    ("mean_absolute_change", "embed"),
)
