"""Tiny pictures for table cells: a map as an indexed PNG in a data address, a histogram as an SVG path.

A map of 8 x 8 counts is about 250 characters, so a thousand classes with two maps each are half a megabyte. One hue
with rising opacity is legible on light and on dark paper.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, groupby

import numpy as np

HUE = (209, 92, 31)
LEVELS = 8
GAMMA = 0.75  # lifts single boxes, which are hard to see on dark paper


@cache
def _head(side: int) -> bytes:
    header = struct.pack(">IIBBBBB", side, side, 4, 3, 0, 0, 0)
    opacities = bytes(round(255 * (level / (LEVELS - 1)) ** GAMMA) for level in range(LEVELS - 1))
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"PLTE", bytes(HUE) * LEVELS)
        + _chunk(b"tRNS", opacities)
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(counts: Sequence[float]) -> bytes:
    """PNG of a square, row-major map; opacity grows with the count against the fullest cell, in 8 levels.

    The side must be even (two cells share a byte).
    """
    values = np.asarray(counts, float)
    side = round(len(values) ** 0.5)
    levels = np.rint(values / max(values.max(), 1e-12) * (LEVELS - 1)).astype(np.uint8).reshape(side, side)
    packed = (levels[:, ::2] << 4) | levels[:, 1::2]
    lines = b"".join(b"\0" + row.tobytes() for row in packed)
    return _head(side) + _chunk(b"IDAT", zlib.compress(lines, 9)) + _chunk(b"IEND", b"")


def address(counts: Sequence[float | None] | None) -> str:
    """Data address of the picture of a map; empty when it has no boxes or is no even square."""
    values = [value or 0 for value in counts or ()]
    side = round(len(values) ** 0.5)
    if side % 2 or side * side != len(values) or not any(values):
        return ""
    return "data:image/png;base64," + base64.b64encode(png(values)).decode()


def says(counts: Sequence[float | None]) -> str:
    """A map in words: how much of it lies in the fullest cell, and in the middle, a quarter of the plane.

    >>> says([0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    'fullest cell (row 2, column 2) 75 %, middle 100 %'
    """
    values = np.array([value or 0 for value in counts], float)
    grid = values.reshape(round(len(values) ** 0.5), -1) / values.sum()
    side = len(grid)
    row, place = divmod(int(grid.argmax()), side)
    middle = grid[side // 4 : side - side // 4, side // 4 : side - side // 4].sum()
    most = f"fullest cell (row {row + 1}, column {place + 1}) {grid.max():.0%}, middle {middle:.0%}"
    return most.replace("%", " %")


def bars(counts: Sequence[float | None] | None) -> str:
    """SVG path data of a histogram in a box of 64 by 24, empty when there is nothing to show.

    >>> bars([1, 1, 2, 0])
    'M0 24V12H32V0H48V24H64V24'
    """
    values = [max(value or 0, 0) for value in counts or ()]
    if not any(values):
        return ""
    width, top = 64 / len(values), max(values)
    levels = [f"V{24 - 24 * value / top:.3g}" for value in values]
    ends = accumulate(len(list(same)) for _, same in groupby(levels))
    steps = "".join(f"{level}H{width * end:.3g}" for (level, _), end in zip(groupby(levels), ends, strict=True))
    return f"M0 24{steps}V24"
