"""Pairs of random crop windows: the protocol behind the consistency figures of Zhang (ICML 2019)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from biasscope.core.randomness import generator
from biasscope.transforms.crop import larger, source_size
from biasscope.transforms.shifts import Parametric, option, positive
from biasscope.transforms.transformation import Views
from biasscope.transforms.windows import WindowViews

if TYPE_CHECKING:
    from biasscope.images.picture import Picture
    from biasscope.models.preprocessing import Preprocessing


@dataclass(frozen=True)
class RandomPairs(Parametric):
    """Two windows at random offsets, drawn with replacement, along each axis from 0 to ``reach - 1``.

    Parameters
    ----------
    reach
        Number of offsets along each axis (32 in the published protocol, for windows of 224 pixels).
    share
        Who shares a pair: ``"image"`` draws for each picture, ``"batch"`` for each ``batch`` pictures, as the official
        code does.
    batch
        Pictures in such a batch.
    pairs
        Pairs per picture; view 2j and view 2j + 1 are a pair, and one step apart.
    source_size
        Short side in pixels that pictures are resized to before the windows are cut, as for `Crop`.
    seed
        Of the draws, which depend on nothing else but the number of the picture (or of its batch).

    Examples
    --------
    >>> pairs = RandomPairs(seed=3)
    >>> bool((pairs.draws(7) == RandomPairs(seed=3).draws(7)).all()), pairs.draws(7).shape
    (True, (2, 2))
    """

    name: ClassVar[str] = "pairs"
    reach: int = 32
    share: str = "image"
    batch: int = 256
    pairs: int = 1
    source_size: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the parameters."""
        for name in ("reach", "batch", "pairs"):
            positive(name, getattr(self, name))
        positive("source_size", self.source_size, least=0)
        option("share", self.share, ("image", "batch"))

    @property
    def coordinates(self) -> Mapping[str, NDArray[np.generic]]:
        """Which pair, and which of the two; the offsets differ from picture to picture."""
        views = np.arange(2 * self.pairs)
        return {"pair": views // 2, "draw": views % 2}

    @property
    def reference(self) -> int:
        """The first view."""
        return 0

    @property
    def steps(self) -> NDArray[np.int64]:
        """The other view of the pair, for the second of each."""
        views = np.arange(2 * self.pairs)
        return np.where(views % 2 == 1, views - 1, -1)[None]

    def draws(self, index: int) -> NDArray[np.int64]:
        """Top left corners (S, 2) of the windows of one picture."""
        number = index if self.share == "image" else index // self.batch
        draw = generator(self.seed, "pairs", self.share, str(number))
        return np.asarray(draw.integers(self.reach, size=(2 * self.pairs, 2)), np.int64)

    def for_model(self, preprocessing: Preprocessing) -> RandomPairs:
        """Fill in the size of the source."""
        return replace(self, source_size=source_size(self.source_size, preprocessing, self._extent))

    def source(self, picture: Picture, preprocessing: Preprocessing, index: int) -> Tensor:
        """Give (C, H + reach - 1, W + reach - 1)."""
        return larger(picture, preprocessing, self.source_size, self._extent)

    def open(self, sources: Tensor, indices: Sequence[int]) -> Views:
        """Windows of the sources as they are, each picture with its own."""
        window = (sources.shape[-2] - self.reach + 1, sources.shape[-1] - self.reach + 1)
        return WindowViews(sources, np.stack([self.draws(index) for index in indices], 1), window)

    @property
    def _extent(self) -> tuple[int, int]:
        return self.reach - 1, self.reach - 1
