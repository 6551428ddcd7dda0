"""One scratch array per thread, kept between calls.

A fresh array of some megabytes costs a page fault for every 4 kB that is first written, which for pixel-adaptive
convolution is a good part of the whole time. On a GPU the caching allocator does the same work.
"""

import threading

import torch
from torch import Tensor

LARGEST_KEPT = 16 << 20
"""Bytes; larger arrays are given back after use."""

_local = threading.local()


def scratch(rows: int, columns: int, like: Tensor) -> Tensor:
    """Give an uninitialised (rows, columns) array, valid until the next call in this thread.

    Examples
    --------
    >>> scratch(2, 3, torch.zeros(1)).shape
    torch.Size([2, 3])
    """
    size = rows * columns
    if like.device.type != "cpu" or size * like.element_size() > LARGEST_KEPT:
        return like.new_empty(rows, columns)
    kept: Tensor | None = getattr(_local, "array", None)
    if kept is None or kept.dtype != like.dtype or kept.numel() < size:
        with torch.inference_mode(False):
            kept = torch.empty(size, dtype=like.dtype)
        _local.array = kept
    return kept[:size].view(rows, columns)
