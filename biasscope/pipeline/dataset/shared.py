"""Images that boxes of more than one file speak of: the same ones, or others that happen to have their names."""

from __future__ import annotations

import numpy as np
import polars as pl

from biasscope.boxes.integrity.problems import codes_of
from biasscope.boxes.integrity.seen import SIZE_BITS, SeenImages, images_mixed


class SharedImages:
    """Number of images (ids of a split) that stand in several files, over batches, in eight bytes an image and file.

    >>> names = {"image_id": ["a", "b", "a", "a"], "split": [None] * 4, "file": ["x.csv", "x.csv", "y.csv", "z.csv"]}
    >>> shared = SharedImages()
    >>> shared.add(pl.DataFrame(names, {"image_id": pl.String, "split": pl.Categorical, "file": pl.Categorical}))
    >>> shared.count
    1
    """

    def __init__(self) -> None:
        self._places, self._shared = SeenImages(), SeenImages()

    @property
    def count(self) -> int:
        """Images of several files so far."""
        return self._shared.count

    def add(self, batch: pl.DataFrame) -> None:
        """Take boxes into account."""
        image = images_mixed(batch)
        file = codes_of(batch["file"]).astype(np.uint64) << (np.uint64(64) - SIZE_BITS)
        again = image[self._places.meet(image, file)[1]]
        self._shared.meet(again, np.zeros(again.size, np.uint64))
