"""What an image source gives: decoded pictures with what is known about them, and the ones that it had to leave out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Picture:
    """One decoded picture, or one clip of a video.

    Attributes
    ----------
    image_id
        Name that is unique in its source.
    pixels
        uint8, (H, W) grey or (H, W, 3) RGB; a clip is (T, H, W, 3).
    label
        Class as the source counts it: an index into ``class_names`` of the source where it has some. ``None`` when it
        is not known.
    box
        Pixel edges (x0, y0, x1, y1) of the object, where the source knows one.
    """

    image_id: str
    pixels: NDArray[np.uint8]
    label: int | None = None
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True)
class ImageProblem:
    """A picture that was left out, or that had to be converted.

    Attributes
    ----------
    code
        Machine name of the problem, as ``truncated`` or ``too-large``.
    image_id
        Which picture.
    detail
        What is wrong with it, for people.
    used
        Whether the picture was used all the same (a 16-bit picture that was reduced to 8 bits, say).
    """

    code: str
    image_id: str
    detail: str
    used: bool = False


@dataclass
class ImageSource(ABC):
    """Pictures, one after the other, in an order that never changes. Iterating again starts again.

    Attributes
    ----------
    name
        What was asked for.
    class_names
        Names of the labels in order, ``None`` where there are none or where they are not known.
    law
        How the pictures came about, where that is known (embedded scenes); a sentence.
    files
        Files behind the source, for the provenance.
    problems
        Filled while the source is read; emptied when reading starts again.
    """

    name: str
    class_names: tuple[str, ...] | None = None
    law: str = ""
    files: list[Path] = field(default_factory=list)
    problems: list[ImageProblem] = field(default_factory=list)

    @abstractmethod
    def __iter__(self) -> Iterator[Picture]:
        """Pictures in order; those that cannot be read are noted in ``problems`` and left out."""

    @property
    @abstractmethod
    def count(self) -> int | None:
        """Number of pictures if all of them can be read; ``None`` when it is not known beforehand (streams)."""
