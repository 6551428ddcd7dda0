"""What an image source gives: decoded pictures with what is known about them, and the ones that it had to leave out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

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

    Examples
    --------
    >>> from biasscope.images import open_images
    >>> picture = next(iter(open_images("scenes:1")))
    >>> picture.pixels.shape, picture.label, len(picture.box)
    ((64, 64), 0, 4)
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

    Examples
    --------
    >>> ImageProblem("truncated", "cat-7", "ends after 512 bytes").used
    False
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
        Files behind the source, for the provenance: of folders the pictures that are taken, not the folder.
    problems
        Filled while the source is read; emptied when reading starts again.
    notes
        What was assumed or chosen, a sentence each.
    parameters
        Everything that decides which pictures come, as JSON values.
    labels
        Where labels come from: ``integers`` are class numbers that the source itself states, ``names`` are places in
        its sorted class names, and an empty text says that there are none, or that it is not known.
    highest_label
        Largest label, where it is known before reading.
    output_names
        Class names in the order of a model's outputs, where the user stated it.

    Examples
    --------
    >>> from biasscope.images import open_images
    >>> source = open_images("scenes:2")
    >>> len(list(source)), source.class_names[:2], source.problems
    (2, ('0', '1'), [])
    """

    name: str
    class_names: tuple[str, ...] | None = None
    law: str = ""
    files: list[Path] = field(default_factory=list)
    problems: list[ImageProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    parameters: dict[str, str | int | float | bool | None] = field(default_factory=dict)
    labels: Literal["integers", "names", ""] = ""
    highest_label: int | None = None
    output_names: tuple[str, ...] | None = None

    @abstractmethod
    def __iter__(self) -> Iterator[Picture]:
        """Pictures in order; those that cannot be read are noted in ``problems`` and left out."""

    @property
    @abstractmethod
    def count(self) -> int | None:
        """Number of pictures if all of them can be read; ``None`` when it is not known beforehand (streams)."""
