"""Ids of images that come row by row, from names that need not be unique."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from biasscope.boxes.files.names import stem_of, without_suffix
from biasscope.boxes.integrity.keysets import Seen

Splits = Sequence[str | None]


class ImageIds:
    """Ids that were given so far in each split, in eight bytes each.

    Examples
    --------
    >>> ids, none = ImageIds(), [None, None, None]
    >>> ids.apart(["s1/1.jpg", "s2/1.jpg", "s2/1.jpg"], [1, 2, 3], none), ids.apart(["1", "2"], [4, 5], none[:2])
    (['1', 's2/1', 's2/1#3'], ['1#4', '2'])
    """

    def __init__(self) -> None:
        self._seen = Seen()

    def apart(self, names: Sequence[str], rows: Sequence[int], splits: Splits) -> list[str]:
        """Id of each row, which no other has: its name's stem, else all of its name, else also the row's number."""
        made = [stem_of(name) for name in names]
        left = self.again(made, splits)
        for place in left:
            made[place] = without_suffix(names[place].replace("\\", "/"))
        left = self._taken(made, splits, left)
        while left:
            for place in left:
                made[place] += f"#{rows[place]}"
            left = self._taken(made, splits, left)
        return made

    def again(self, ids: Sequence[str], splits: Splits) -> list[int]:
        """Places of ids that were given before; the others are given now."""
        return self._taken(ids, splits, range(len(ids)))

    def _taken(self, ids: Sequence[str], splits: Splits, places: Sequence[int]) -> list[int]:
        words = [f"{splits[place] or ''}\0{ids[place]}" for place in places]
        keys = pl.Series(words, dtype=pl.String).hash().to_numpy()
        new = np.zeros(keys.size, bool)
        new[np.unique(keys, return_index=True)[1]] = True
        new &= ~self._seen.has(keys)
        self._seen.add(np.sort(keys[new]))
        return [place for place, free in zip(places, new.tolist(), strict=True) if not free]
