"""Padding by any amount, also wider than the map itself."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from biasscope.nn._checks import PaddingMode

TORCH_MODE = {"reflect": "reflect", "circular": "circular", "replicate": "replicate", "zeros": "constant"}
"""Our names -> those of `torch.nn.functional.pad`."""


def reach(kernel_size: Sequence[int], dilation: Sequence[int]) -> tuple[int, int]:
    """Distance from the first tap of a window to the last, (vertical, horizontal).

    Examples
    --------
    >>> reach((3, 1), (2, 1))
    (4, 0)
    """
    return dilation[0] * (kernel_size[0] - 1), dilation[1] * (kernel_size[1] - 1)


def _source_rows(size: int, before: int, after: int, mode: PaddingMode) -> list[int]:
    """Index of the source row for every row of the padded map (reflection repeats with period 2 (size - 1))."""
    rows = range(-before, size + after)
    if mode == "circular":
        return [row % size for row in rows]
    period = max(2 * (size - 1), 1)
    return [min(row % period, period - row % period) if size > 1 else 0 for row in rows]


def _fits(size: int, before: int, after: int, mode: PaddingMode) -> bool:
    """Whether `torch.nn.functional.pad` accepts this amount."""
    largest = before if before > after else after
    return largest < size or mode in ("replicate", "zeros") or (mode == "circular" and largest == size)


def pad2d(x: Tensor, height: tuple[int, int], width: tuple[int, int], mode: PaddingMode) -> Tensor:
    """Pad a (N, C, H, W) tensor by (before, after) rows and columns.

    Reflection and wrapping go on periodically where the padding is wider than the map, which
    `torch.nn.functional.pad` refuses.

    Examples
    --------
    >>> import torch
    >>> pad2d(torch.tensor([[[[1.0, 2.0]]]]), (0, 0), (3, 2), "reflect").flatten().tolist()
    [2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0]
    """
    (top, bottom), (left, right) = height, width
    if not (top or bottom or left or right):
        return x
    *_, rows, columns = x.shape
    if _fits(rows, top, bottom, mode) and _fits(columns, left, right, mode):
        return F.pad(x, (left, right, top, bottom), mode=TORCH_MODE[mode])
    vertical = torch.tensor(_source_rows(rows, top, bottom, mode), device=x.device)
    horizontal = torch.tensor(_source_rows(columns, left, right, mode), device=x.device)
    return x.index_select(-2, vertical).index_select(-1, horizontal)
