"""What can be wrong with a box, and how a batch of boxes is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biasscope.boxes.integrity.keysets import Mask
from biasscope.boxes.schema import CORNERS

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
TOLERANCE = 1e-3
"""Pixels a box may leave its frame before it is outside."""
ROUNDING = 2e-6
"""The same as a share of the frame: what six decimals of a fraction leave."""


class Problem(NamedTuple):
    """A problem: name for people, whether such boxes stay in the statistics, what it means."""

    title: str
    used: bool
    explanation: str


PROBLEMS = {
    "unreadable": Problem("Unreadable rows", False, "Rows, files or entries that could not become a box."),
    "not_finite": Problem(
        "Missing or infinite coordinates",
        False,
        "A coordinate is missing or no number (listed as nan), or infinite, or the row has too many fields to tell.",
    ),
    "degenerate": Problem("Degenerate boxes", False, "Width or height is zero or negative, as pixel edges."),
    "outside": Problem(
        "Boxes outside the frame",
        False,
        f"A side lies beyond the image by more than {TOLERANCE:g} px (or {ROUNDING:g} of its side, the rounding of "
        "fractions). Not clipped.",
    ),
    "swapped": Problem(
        "Width and height swapped",
        False,
        "The box lies outside the image, but inside if width and height were exchanged: the image was probably turned "
        "by its EXIF orientation.",
    ),
    "duplicate": Problem(
        "Duplicate boxes",
        False,
        "Same image, label and corners as an earlier box; the first one that nothing else is wrong with stays.",
    ),
    "unknown_size": Problem(
        "Unknown image size", False, "In pixels, but the size of the image is unknown: give --images or --sizes."
    ),
    "fraction": Problem(
        "Fractions of unknown frames",
        True,
        "In fractions, and the size of the image is unknown: measured in a frame of 1 x 1, so that shape and scale are "
        "distorted by its aspect ratio; give --images or --sizes.",
    ),
    "size_conflict": Problem(
        "Different sizes for one image", True, "The same image is given with another size; each box keeps its own."
    ),
    "unlabelled": Problem("Unlabelled boxes", False, "The box has no class."),
    "no_image": Problem("Boxes without an image", False, "The row does not name its image."),
    "crowd": Problem("Crowd boxes", False, "Marked as a group of objects (crowd), so it is no single object."),
}
HARMLESS = frozenset({"crowd"})
"""No violation of a format: not counted by ``violations``."""


@dataclass(frozen=True)
class Batch:
    """Rows, and their numbers as arrays: NaN for what is missing."""

    frame: pl.DataFrame
    corners: tuple[Floats, Floats, Floats, Floats]
    width: Floats
    height: Floats

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Batch:
        """Take the numbers out of a frame."""
        x0, y0, x1, y1 = (floats_of(frame, name) for name in CORNERS)
        return cls(frame, (x0, y0, x1, y1), floats_of(frame, "image_width"), floats_of(frame, "image_height"))


def geometry(batch: Batch, *, pixels: bool = False) -> list[tuple[str, Places]]:
    """Rows with a problem of their coordinates or image size; none is in fractions if they are said to be pixels."""
    x0, y0, x1, y1 = batch.corners
    width, height = batch.width, batch.height
    inside = (x0 >= -TOLERANCE) & (y0 >= -TOLERANCE) & (x1 <= width + TOLERANCE) & (y1 <= height + TOLERANCE)
    suspects = np.flatnonzero(~(inside & (x1 > x0) & (y1 > y0)))
    if not suspects.size:
        return []
    judged = _judge(*(part[suspects] for part in (*batch.corners, width, height)), pixels=pixels)
    return [(code, suspects[mask]) for code, mask in judged]


def _judge(
    x0: Floats, y0: Floats, x1: Floats, y1: Floats, width: Floats, height: Floats, *, pixels: bool
) -> list[tuple[str, Mask]]:
    numbers = np.stack([x0, y0, x1, y1])
    finite = np.isfinite(numbers).all(0)
    unknown = np.isnan(width) | np.isnan(height)
    fraction = unknown & finite & (np.abs(np.where(finite, numbers, 0)).max(0) <= 2) & (not pixels)
    width, height = np.where(fraction, 1, width), np.where(fraction, 1, height)
    least = np.where(fraction, 0, TOLERANCE)
    degenerate = finite & ((x1 <= x0) | (y1 <= y0))
    placed = finite & ~degenerate & (~unknown | fraction)
    beyond = placed & ~_within(numbers, width, height, least)
    swapped = beyond & (width != height) & _within(numbers, height, width, least)
    return [
        ("not_finite", ~finite),
        ("degenerate", degenerate),
        ("outside", beyond & ~swapped),
        ("swapped", swapped),
        ("unknown_size", unknown & ~fraction),
        ("fraction", fraction),
    ]


def _within(numbers: Floats, width: Floats, height: Floats, least: Floats) -> Mask:
    x0, y0, x1, y1 = numbers
    across, down = np.maximum(least, ROUNDING * width), np.maximum(least, ROUNDING * height)
    with np.errstate(invalid="ignore"):
        inside: Mask = (x0 >= -across) & (y0 >= -down) & (x1 <= width + across) & (y1 <= height + down)
    return inside


def plain(batch: pl.DataFrame) -> list[tuple[str, Places]]:
    """Rows without a label or without an image, and rows marked as crowd."""
    crowd = (
        np.flatnonzero(batch["crowd"].fill_null(False).to_numpy()) if batch["crowd"].any() else np.empty(0, np.int64)
    )
    label = batch["label"]
    missing = np.flatnonzero(label.is_null().to_numpy()) if label.null_count() else np.empty(0, np.int64)
    image = batch["image_id"]
    nowhere = np.flatnonzero(image.is_null().to_numpy()) if image.null_count() else np.empty(0, np.int64)
    return [("unlabelled", missing), ("no_image", nowhere), ("crowd", crowd)]


def detail(batch: Batch, place: int) -> str:
    """Box, frame and label of a row, for the list of problems."""
    numbers = ", ".join(f"{corner[place]:.6g}" for corner in batch.corners)
    width, height = batch.width[place], batch.height[place]
    frame = "unknown size" if np.isnan(width) or np.isnan(height) else f"{width:.0f} x {height:.0f}"
    return f"({numbers}) in {frame}, label {batch.frame.item(place, 'label')}"


def floats_of(batch: pl.DataFrame, name: str) -> Floats:
    """Column as floats; null is NaN."""
    values = batch[name]
    if values.null_count():
        values = values.cast(pl.Float64).fill_null(float("nan"))
    return np.asarray(values.to_numpy(), np.float64)


def codes_of(values: pl.Series) -> Places:
    """Number of each category, from 1; 0 for none."""
    codes = values.to_physical()
    if codes.null_count() == len(codes):
        return np.zeros(len(codes), np.int64)
    shifted = (
        codes.to_numpy().astype(np.int64) if not codes.null_count() else codes.fill_null(0).to_numpy().astype(np.int64)
    )
    shifted += 1
    if codes.null_count():
        shifted[codes.is_null().to_numpy()] = 0
    return shifted
