"""The bilinear resize of TensorFlow 1, which many published weights were trained with; written from its definition.

Pixel i of the result looks at i * (old side / new side) of the original, without half-pixel centres, so the picture
lies a little too far down and right. With ``align_corners`` the factor is (old side - 1) / (new side - 1). Two taps an
axis, no averaging when it shrinks.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray


def resize(aligned: bool, pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.float32]:
    """Resize in float32.

    Examples
    --------
    >>> resize(False, np.array([[0, 100, 200]], np.uint8), 1, 6).tolist()
    [[0.0, 50.0, 100.0, 150.0, 200.0, 200.0]]
    """
    rows = _along(pixels.astype(np.float32), 0, height, aligned)
    return _along(rows, 1, width, aligned)


def _along(pixels: NDArray[np.float32], axis: int, new: int, aligned: bool) -> NDArray[np.float32]:
    old = pixels.shape[axis]
    factor = (old - 1) / (new - 1) if aligned and new > 1 else old / new
    place = np.arange(new) * factor
    first = np.minimum(place.astype(np.int64), old - 1)
    part = (place - first).astype(np.float32).reshape(-1, *[1] * (pixels.ndim - axis - 1))
    near, far = pixels.take(first, axis), pixels.take(np.minimum(first + 1, old - 1), axis)
    blended: NDArray[np.float32] = near + (far - near) * part
    return blended


bilinear = partial(resize, False)
align_corners = partial(resize, True)
