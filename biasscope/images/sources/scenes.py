"""Embedded digit scenes that the small networks were not trained on: the scenes that their training kept back.

Digits, sizes and positions are those of :func:`biasscope.images.scenes.place` with the uniform law, so every box is
known. Samples of scikit-learn's digits in these scenes never occur in training scenes, whatever the seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from biasscope.core.errors import UsageError
from biasscope.images.picture import ImageSource, Picture
from biasscope.images.request import Request
from biasscope.images.scenes import Scenes, draw, place

NAME = "scenes"
TRAINED_ON = 5000
COUNT = 1000
SMALLEST = 16
_KEPT = 5
LAW = (
    "Simulated: one digit a scene, placed uniformly given its size on both axes; sides are log-uniform from 1/5 to 4/5 "
    "of the scene. The digits are scikit-learn's, and none of these samples was trained on."
)


@dataclass
class SceneSource(ImageSource):
    """Digit scenes, drawn one after the other.

    Attributes
    ----------
    scenes_count
        Number of scenes.
    side, margin
        Side of a scene, and black pixels around it, on every side.
    seed
        Same seed, same scenes; 0 gives those on which the accuracy of the small networks is stated.
    """

    scenes_count: int = COUNT
    side: int = 64
    margin: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """State what is known of the scenes."""
        self.class_names = tuple("0123456789")
        self.labels, self.highest_label = "integers", 9
        around = f" Each is surrounded by {self.margin} black pixels." if self.margin else ""
        self.law = LAW + around

    @property
    def count(self) -> int:
        """Number of scenes."""
        return self.scenes_count

    def __iter__(self) -> Iterator[Picture]:
        """Scenes in order, classes in turn."""
        self.problems.clear()
        placed, names = self._placed, self._placed.names
        for index in np.flatnonzero(~placed.train)[: self.scenes_count].tolist():
            corner = [float(values[index]) + self.margin for values in (placed.x0, placed.y0)]
            size = float(placed.size[index])
            box = (corner[0], corner[1], corner[0] + size, corner[1] + size)
            yield Picture(names[index], np.pad(draw(placed, index), self.margin), int(placed.digit[index]), box)

    @cached_property
    def _placed(self) -> Scenes:
        count = max(TRAINED_ON, self.scenes_count * _KEPT)
        return place(count, side=self.side, seed=self.seed, uniform=True)


def detect(request: Request) -> bool:
    """Whether the word is ``scenes``, alone or with a number."""
    return request.text.partition(":")[0] == NAME


def open_source(request: Request) -> SceneSource:
    """Scenes as many as the specification says, or fewer.

    Raises
    ------
    UsageError
        The number of scenes, the side or the margin cannot be.
    """
    words = request.text.partition(":")[2]
    if (words and not words.isdecimal()) or words.strip("0") == "" != words:
        raise UsageError(f"{words!r} is no number of scenes", where=request.text, hint="Write scenes:200.")
    if request.side < SMALLEST or request.margin < 0:
        what = f"side {request.side} and margin {request.margin} give no scene"
        raise UsageError(what, hint=f"The side is at least {SMALLEST}, the margin at least 0.")
    count = int(words or COUNT)
    return SceneSource(
        request.text,
        scenes_count=min(count, request.limit or count),
        side=request.side,
        margin=request.margin,
        seed=request.seed,
    )
