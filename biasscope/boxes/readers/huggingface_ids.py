"""Ids of images that come row by row, from names that need not be unique."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from biasscope.boxes.filenames import stem_of, without_suffix
from biasscope.boxes.keysets import Seen


class ImageIds:
    """Ids that were given so far, in eight bytes each.

    Examples
    --------
    >>> ids = ImageIds()
    >>> ids.apart(["s1/1.jpg", "s2/1.jpg", "s2/1.jpg"], [1, 2, 3]), ids.apart(["1", "2"], [4, 5])
    (['1', 's2/1', 's2/1#3'], ['1#4', '2'])
    """

    def __init__(self) -> None:
        self._seen = Seen()

    def apart(self, names: Sequence[str], rows: Sequence[int]) -> list[str]:
        """Id of each row, which no other has: its name's stem, else all of its name, else also the row's number."""
        made = [stem_of(name) for name in names]
        left = self.again(made)
        for place in left:
            made[place] = without_suffix(names[place].replace("\\", "/"))
        left = self._taken(made, left)
        while left:
            for place in left:
                made[place] += f"#{rows[place]}"
            left = self._taken(made, left)
        return made

    def again(self, ids: Sequence[str]) -> list[int]:
        """Places of ids that were given before; the others are given now."""
        return self._taken(ids, range(len(ids)))

    def _taken(self, ids: Sequence[str], places: Sequence[int]) -> list[int]:
        keys = pl.Series([ids[place] for place in places], dtype=pl.String).hash().to_numpy()
        new = np.zeros(keys.size, bool)
        new[np.unique(keys, return_index=True)[1]] = True
        new &= ~self._seen.has(keys)
        self._seen.add(np.sort(keys[new]))
        return [place for place, free in zip(places, new.tolist(), strict=True) if not free]
