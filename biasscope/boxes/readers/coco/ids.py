"""Where the ids of a COCO file lead: many at a time to places in columns."""

from __future__ import annotations

import struct
from collections.abc import Container, Mapping, Sequence
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.boxes.readers.coco.tables import Id

Key = Id | None
UNKNOWN = -1
FAR = 1 << 62
DIGITS = 19
SPARSE, ANYWAY = 16, 1 << 16
"""Numbers from the least to the largest id, per id and in any case, up to which they are looked up in a table."""


class Places:
    """Place of each id, which is a number, a text, or nothing; ``UNKNOWN`` for any that is not listed.

    Ids are usually numbers that lie close together: those are looked up as one array.

    Examples
    --------
    >>> places = Places({7: 0, 9: 1, None: 2})
    >>> places.of([9, 8, 7]).tolist(), places.of([None, "7"]).tolist()
    ([1, -1, 0], [2, -1])
    """

    def __init__(self, known: Mapping[Any, int]) -> None:
        self._known = known
        self._table: NDArray[np.int64] | None = None
        numbers, places = _numbers(known)
        if numbers.size and -FAR < numbers.min() <= numbers.max() < FAR:
            self._low, self._high = int(numbers.min()) - 1, int(numbers.max()) + 1
            if self._high - self._low <= SPARSE * numbers.size + ANYWAY:
                self._table = np.full(self._high - self._low + 1, UNKNOWN, np.int64)
                self._table[numbers - self._low] = places

    def of(self, ids: Sequence[Key]) -> NDArray[np.int64]:
        """Place of each id, shape (N,)."""
        if self._table is not None and (numbers := _whole(ids)) is not None:
            return self._table.take(np.clip(numbers, self._low, self._high) - self._low)
        return np.fromiter(map(self._known.get, ids, repeat(UNKNOWN)), np.int64, len(ids))


def unknown_id(name: str, key: Key, known: Container[Key]) -> str:
    """What to say of an id that is not listed; a text is none of the numbers, but may be meant for one.

    >>> unknown_id("image_id", 7, {8}), unknown_id("image_id", "7", {7}), unknown_id("category_id", 7, {"7"})
    ('image_id 7', "image_id '7', where 7 is listed as a number", "category_id 7, where '7' is listed as a text")
    """
    number = isinstance(key, str) and key.isdecimal() and len(key) < DIGITS
    twin: Key = int(key) if isinstance(key, str) and number else str(key)
    if twin == key or twin not in known:
        return f"{name} {key!r}"
    return f"{name} {key!r}, where {twin!r} is listed as a {'number' if number else 'text'}"


def _numbers(known: Mapping[Any, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids that are numbers, and their places; none when one does not fit in 64 bits."""
    numbers = _whole([*known])
    if numbers is None:
        known = {key: place for key, place in known.items() if isinstance(key, int)}
        numbers = _whole([*known])
    if numbers is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return numbers, np.fromiter(known.values(), np.int64, len(known))


def floats(numbers: Sequence[float]) -> NDArray[np.float64]:
    """Array of floats; packing them takes less time than numpy's own ways to go through them."""
    return np.frombuffer(struct.pack(f"{len(numbers)}d", *numbers), np.float64)


def flags(values: Sequence[object]) -> NDArray[np.bool_]:
    """Which values are true: of flags, usually none."""
    return np.fromiter(values, np.bool_, len(values)) if any(values) else np.zeros(len(values), np.bool_)


def _whole(ids: Sequence[Key]) -> NDArray[np.int64] | None:
    """Ids as an array when all of them are numbers of 64 bits."""
    try:
        return np.frombuffer(struct.pack(f"{len(ids)}q", *ids), np.int64)
    except struct.error:
        return None
