"""Which pixels a position of a map can see along one axis: extent, centre, and gaps between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasscope.trace.structure.windows import Window


@dataclass(frozen=True, eq=False)
class Field:
    """Pixels that position 0 sees; position i sees the same ``i * jump`` further on.

    Attributes
    ----------
    jump
        Pixels from one position to the next: the product of strides.
    first
        The first pixel that is seen; negative in the padding.
    seen
        Whether each pixel from the first to the last is seen.
    """

    jump: int
    first: int
    seen: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """Extent: the receptive field in pixels."""
        return len(self.seen)

    @property
    def offset(self) -> float:
        """Centre of what position 0 sees, in pixels from the centre of the first pixel."""
        return self.first + (self.size - 1) / 2

    @property
    def gridding(self) -> float:
        """Share of the pixels within the extent that are left out; 0 without gaps."""
        return 1 - float(self.seen.mean())

    def through(self, window: Window) -> Field:
        """Field of the positions of a layer that reads this one through a window."""
        reach = self.jump * window.dilation * (window.kernel - 1)
        seen = np.zeros(self.size + reach, bool)
        for tap in range(window.kernel):
            start = self.jump * window.dilation * tap
            seen[start : start + self.size] |= self.seen
        return Field(self.jump * window.stride, self.first - self.jump * window.front, seen)

    def joined(self, other: Field) -> Field | None:
        """Both together, where branches meet; ``None`` if their positions do not fit."""
        if self.jump != other.jump:
            return None
        first = min(self.first, other.first)
        seen = np.zeros(max(self.first + self.size, other.first + other.size) - first, bool)
        for one in (self, other):
            seen[one.first - first : one.first - first + one.size] |= one.seen
        return Field(self.jump, first, seen)


PIXEL = Field(1, 0, np.ones(1, bool))
"""What a pixel sees: itself."""


def receptive_field(windows: Sequence[Window]) -> Field:
    """Receptive field of a stack of layers along one axis.

    Notes
    -----
    Its extent is 1 + sum of (k_l - 1) d_l times the strides before; a dilated stack sees the sums of d_l j_l with every
    tap j_l, and what it skips is gridding.

    References
    ----------
    Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019; Wang et al.,
    "Understanding Convolution for Semantic Segmentation", WACV 2018 (gridding of dilated convolutions).

    Examples
    --------
    >>> for dilations in ((2, 2, 2), (1, 2, 3), (1, 2, 4)):
    ...     field = receptive_field([Window(3, 1, d, d, d) for d in dilations])
    ...     print(f"{field.seen.sum()}/{field.size}", field.offset)
    7/13 0.0
    13/13 0.0
    15/15 0.0
    """
    field = PIXEL
    for window in windows:
        field = field.through(window)
    return field
