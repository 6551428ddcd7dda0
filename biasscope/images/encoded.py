"""Sources whose pictures are decoded one after the other: from items to pictures, with problems on the way."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from biasscope.images.decode import DEFAULT, Decoded, Limits, decode
from biasscope.images.picture import ImageProblem, ImageSource, Picture
from biasscope.images.pixels import Note
from biasscope.images.request import BoxConvention

if TYPE_CHECKING:
    from PIL.Image import Image

Box = tuple[float, float, float, float]


class Item(NamedTuple):
    """A picture before it is decoded; ``data`` may be decoded already, or say why there is nothing.

    ``box`` is four numbers in the convention of the source.
    """

    image_id: str
    data: bytes | Path | Image | Decoded
    label: int | None = None
    box: Box | None = None


@dataclass
class DecodedSource(ImageSource):
    """A source that gives items.

    Attributes
    ----------
    limits
        Pictures that are not decoded.
    box_convention
        What the numbers of a box mean.
    """

    limits: Limits = DEFAULT
    box_convention: BoxConvention = "edges"

    @abstractmethod
    def items(self) -> Iterator[Item]:
        """Pictures before they are decoded, in order."""

    def __iter__(self) -> Iterator[Picture]:
        """Pictures in order; what is wrong with them comes into ``problems``."""
        self.problems.clear()
        for item in self.items():
            picture = self._picture(item)
            if picture is not None:
                yield picture

    def _picture(self, item: Item) -> Picture | None:
        decoded = item.data if isinstance(item.data, Decoded) else decode(item.data, self.limits)
        notes = list(decoded.notes)
        picture = None
        if decoded.pixels is not None:
            label = item.label if item.label is not None and item.label >= 0 else None
            if label is None and self.labels:
                notes.append(Note("bad-label", "the label is missing" if item.label is None else f"it is {item.label}"))
            box, wrong = edges_inside(item.box, self.box_convention, decoded.pixels)
            notes += wrong
            picture = Picture(item.image_id, decoded.pixels, label, box)
        self.problems += [ImageProblem(note.code, item.image_id, note.detail, note.used) for note in notes]
        return picture


def edges_inside(
    box: Box | None, convention: BoxConvention, pixels: NDArray[np.uint8]
) -> tuple[Box | None, list[Note]]:
    """Bring a box to pixel edges and cut it to the picture.

    Examples
    --------
    >>> edges_inside((0, 0, 63, 70), "inclusive0", np.zeros((64, 64), np.uint8))[0]
    (0.0, 0.0, 64.0, 64.0)
    """
    if box is None:
        return None, []
    height, width = pixels.shape[:2]
    raw = _edges(box, convention, width, height)
    if not np.isfinite(raw).all():
        return None, [Note("bad-box", "the box is not four numbers")]
    x0, y0, x1, y1 = np.clip(raw, 0, [width, height, width, height]).tolist()
    words = ", ".join(f"{value:g}" for value in raw)
    if x1 <= x0 or y1 <= y0:
        return None, [Note("bad-box", f"the box ({words}) holds no pixel of {width} x {height}")]
    cut = (x0, y0, x1, y1) != tuple(raw)
    return (x0, y0, x1, y1), [Note("bad-box", f"the box ({words}) was cut to {width} x {height}")] if cut else []


def _edges(box: Box, convention: BoxConvention, width: int, height: int) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = map(float, box)
    if convention == "xywh":
        return x0, y0, x0 + x1, y0 + y1
    if convention == "fraction":
        return x0 * width, y0 * height, x1 * width, y1 * height
    if convention == "inclusive0":
        return x0, y0, x1 + 1, y1 + 1
    return (x0 - 1, y0 - 1, x1, y1) if convention == "inclusive1" else (x0, y0, x1, y1)
