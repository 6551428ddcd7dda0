"""Tables that are counted into where they lie, and get rows as labels are met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

NARROW = frozenset({"raw", "feasible", "scale", "fine_scale"})
"""Large maps: 32-bit counts while there are few enough boxes."""


class Running:
    """Running tables by name, each of some rows of its shape.

    Parameters
    ----------
    shapes
        Shape of each table behind its leading axis.

    Examples
    --------
    >>> running = Running({"boxes": ()})
    >>> running.rows("boxes", 2)[:] += 1
    >>> running.rows("boxes", 3).tolist(), running.take("boxes").sum().item()
    ([1, 1, 0], 2)
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self.shapes = dict(shapes)
        self._held: dict[str, NDArray[Any]] = {}

    def rows(self, name: str, count: int, *, wide: bool = False) -> NDArray[Any]:
        """First rows of a table, to be counted into; ``wide`` asks for 64 bits."""
        held = self._held.get(name)
        if held is None:
            held = np.zeros((0, *self.shapes[name]), np.int32 if name in NARROW else np.int64)
        kind = np.dtype(np.int64) if wide else held.dtype
        if name not in self._held or len(held) < count or held.dtype != kind:
            room = count if len(held) in (0, count) else max(count, 2 * len(held))
            made = np.zeros((max(room, len(held)), *self.shapes[name]), kind)
            made[: len(held)] = held
            self._held[name] = held = made
        return held[:count]

    def take(self, name: str) -> NDArray[Any]:
        """A whole table, which is held no longer; without rows when nothing was counted."""
        return self._held.pop(name, np.zeros((0, *self.shapes[name]), np.int64))
