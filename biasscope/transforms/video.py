"""Frames of a clip: natural motion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.errors import InputError
from biasscope.transforms.shifts import positive
from biasscope.transforms.stack import Stacked

if TYPE_CHECKING:
    from biasscope.images.picture import Picture
    from biasscope.models.preprocessing import Preprocessing


@dataclass(frozen=True)
class Video(Stacked):
    """Each frame as the model sees it; the reference is the first.

    Parameters
    ----------
    frames
        Frames of a clip.
    every
        Take every so many.

    Examples
    --------
    >>> Video(3, every=2).coordinates["frame"].tolist(), Video(3).steps.tolist()
    ([0, 2, 4], [[-1, 0, 1]])
    """

    name: ClassVar[str] = "video"
    frames: int = 16
    every: int = 1

    def __post_init__(self) -> None:
        """Check the parameters."""
        positive("frames", self.frames)
        positive("every", self.every)

    @property
    def coordinates(self) -> Mapping[str, NDArray[np.generic]]:
        """Number of the frame in its clip, from 0."""
        return {"frame": np.arange(self.frames) * self.every}

    @property
    def reference(self) -> int:
        """The first frame."""
        return 0

    @property
    def steps(self) -> NDArray[np.int64]:
        """The frame before."""
        return np.arange(-1, self.frames - 1)[None]

    def pixels(self, picture: Picture, preprocessing: Preprocessing) -> list[Tensor]:
        """Resize and crop each frame."""
        if picture.pixels.ndim != 4:
            hint = "Give a video file, or video:FOLDER for a folder of frames."
            raise InputError("this is one picture, not a clip", where=picture.image_id, hint=hint)
        needed = (self.frames - 1) * self.every + 1
        if len(picture.pixels) < needed:
            what = f"the clip has {len(picture.pixels)} frames, {needed} are needed"
            raise InputError(what, where=picture.image_id, hint="Ask for fewer frames.")
        return [preprocessing.pixels(frame) for frame in picture.pixels[: needed : self.every]]
