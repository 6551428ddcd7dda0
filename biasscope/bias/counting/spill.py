"""Rows put aside in temporary files, in parts, so that memory does not grow with the dataset."""

from __future__ import annotations

import tempfile
from typing import IO

import numpy as np

from biasscope.bias.counting.rows import CORNERS, Rows
from biasscope.core.errors import OutputError

ROW = np.dtype(
    [("key", "<u8"), ("label", "<i4")]
    + [(name, "<f8") for name in CORNERS]
    + [(name, "<f4") for name in ("width", "height")]
    + [("sized", "?")]
)


class Spill:
    """Unnamed temporary files, one a part; they vanish with this object.

    Examples
    --------
    >>> aside, one = Spill(), np.ones(2)
    >>> aside.put(3, Rows(one.astype("u8"), one.astype("i4"), one, one, one, one, one, one, one > 0))
    >>> aside.take(3).x0.tolist(), aside.take(0) is None
    ([1.0, 1.0], True)
    """

    def __init__(self) -> None:
        self._files: dict[int, IO[bytes]] = {}

    def put(self, part: int, rows: Rows) -> None:
        """Append rows to a part; raises OutputError when the disk is full."""
        block = np.empty(len(rows.key), ROW)
        for name in Rows._fields:
            block[name] = getattr(rows, name)
        try:
            if part not in self._files:
                self._files[part] = tempfile.TemporaryFile()  # noqa: SIM115 - open until the part is taken
            self._files[part].write(block.tobytes())
        except OSError as error:
            hint = "Free some space, point TMPDIR elsewhere, or count every box (per_image all)."
            raise OutputError(
                f"cannot put boxes aside: {error.strerror}", where=tempfile.gettempdir(), hint=hint
            ) from error

    def take(self, part: int) -> Rows | None:
        """All rows of a part, or None; the part is empty afterwards."""
        file = self._files.pop(part, None)
        if file is None:
            return None
        with file:
            file.seek(0)
            block = np.frombuffer(file.read(), ROW)
        key, label, x0, y0, x1, y1, width, height, sized = (np.ascontiguousarray(block[name]) for name in Rows._fields)
        return Rows(key, label, x0, y0, x1, y1, width, height, sized)

    def close(self) -> None:
        """Drop everything."""
        for file in self._files.values():
            file.close()
        self._files.clear()
