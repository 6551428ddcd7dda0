"""Clips from frames that come one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from biasscope.images.pixels import Note

Pixels = NDArray[np.uint8]
Frame = tuple[int, Pixels | None]


def clips(
    frames: Iterator[Frame], length: int, step: int, note: Callable[[int, Note], None]
) -> Iterator[tuple[int, Pixels]]:
    """Cut clips of ``length`` frames; every clip has frames of one size without a gap.

    Parameters
    ----------
    frames
        Number and pixels of every frame, uint8 (H, W) or (H, W, 3), or ``None`` for one that could not be read.
    length, step
        Frames a clip, and from one clip to the next within frames without a gap.
    note
        Called with the number of a frame and what is wrong there.

    Yields
    ------
    first
        Number of the first frame.
    pixels
        uint8, shape (length, H, W, 3).

    Examples
    --------
    >>> frames = ((number, np.zeros((8, 8), np.uint8)) for number in range(7))
    >>> [(first, clip.shape) for first, clip in clips(frames, 3, 2, lambda number, note: None)]
    [(0, (3, 8, 8, 3)), (2, (3, 8, 8, 3)), (4, (3, 8, 8, 3))]
    """
    held: list[Pixels] = []
    start, skip, given = 0, 0, False
    for number, pixels in frames:
        broken = pixels is None or bool(held and pixels.shape[:2] != held[0].shape[:2])
        if broken:
            if pixels is not None:
                sizes = " x ".join(map(str, pixels.shape[1::-1]))
                note(number, Note("frame-size", f"the frame is {sizes}, the one before was not", used=False))
            held, skip = [], 0
        if pixels is None:
            continue
        if skip:
            skip -= 1
            continue
        start = start if held else number
        held.append(pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2))
        if len(held) == length:
            yield start, np.stack(held)
            given = True
            held, skip, start = held[step:], max(step - length, 0), start + step
    if not given:
        note(start, Note("too-short", f"fewer than {length} frames in a row", used=False))
