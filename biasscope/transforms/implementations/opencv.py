"""OpenCV, where it is installed: no averaging when it shrinks, apart from ``area``."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray


def resize(flag: str, pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.generic]:
    """Resize with one of OpenCV's interpolations."""
    import cv2

    resized: NDArray[np.generic] = cv2.resize(
        np.ascontiguousarray(pixels), (width, height), interpolation=getattr(cv2, flag)
    )
    return resized


nearest = partial(resize, "INTER_NEAREST")
linear = partial(resize, "INTER_LINEAR")
cubic = partial(resize, "INTER_CUBIC")
area = partial(resize, "INTER_AREA")
lanczos4 = partial(resize, "INTER_LANCZOS4")
