"""Padding by any amount, also wider than the map itself."""

import torch
import torch.nn.functional as F
from torch import Tensor

from biasscope.nn._checks import PaddingMode

_TORCH_MODE = {"reflect": "reflect", "circular": "circular", "replicate": "replicate", "zeros": "constant"}


def _source_rows(size: int, before: int, after: int, mode: PaddingMode) -> list[int]:
    """Index of the source row for every row of the padded map (reflection repeats with period 2 (size - 1))."""
    rows = range(-before, size + after)
    if mode == "circular":
        return [row % size for row in rows]
    period = max(2 * (size - 1), 1)
    return [min(row % period, period - row % period) if size > 1 else 0 for row in rows]


def _fits(size: int, before: int, after: int, mode: PaddingMode) -> bool:
    """Whether `torch.nn.functional.pad` accepts this amount."""
    largest = max(before, after)
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
    if not any((*height, *width)):
        return x
    if _fits(x.shape[-2], *height, mode) and _fits(x.shape[-1], *width, mode):
        return F.pad(x, (*width, *height), mode=_TORCH_MODE[mode])
    rows = torch.tensor(_source_rows(x.shape[-2], *height, mode), device=x.device)
    columns = torch.tensor(_source_rows(x.shape[-1], *width, mode), device=x.device)
    return x.index_select(-2, rows).index_select(-1, columns)
