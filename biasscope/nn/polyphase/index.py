"""Which polyphase component of a map is chosen: the one of largest norm."""

import torch
from torch import Tensor

from biasscope.nn import _checks
from biasscope.nn._checks import Size2d
from biasscope.nn._context import autocast_off


def _grid_sums(size: int, stride: int, like: Tensor) -> Tensor:
    """Matrix whose row i marks the ceil(size / stride) samples taken from start i, wrapping around."""
    starts = stride if size % stride == 0 else size
    samples = torch.arange(-(-size // stride), device=like.device) * stride
    rows = (torch.arange(starts, device=like.device)[:, None] + samples) % size
    return torch.zeros(starts, size, device=like.device, dtype=like.dtype).scatter_(1, rows, 1.0)


def _scaled(size: Tensor, p: float) -> Tensor:
    """Divide every image so that p-th powers neither overflow nor vanish.

    A power of two rounds nothing, so the norms compare as before; only a p beyond 64 needs the maximum itself.
    """
    peak = size.amax((1, 2, 3), keepdim=True)
    unit = peak if p > 64 else peak.log2().floor().exp2()
    return size / torch.where((unit > 0) & unit.isfinite(), unit, 1.0)


def _component_norms(x: Tensor, stride: tuple[int, int], p: float) -> Tensor:
    """What orders the components by l_p norm: its scaled p-th power, or the maximum; (N, starts_y, starts_x)."""
    size = x.detach().abs().to(torch.promote_types(x.dtype, torch.float32))
    if p != float("inf"):
        rows, columns = (_grid_sums(x.shape[2 + a], stride[a], size) for a in (0, 1))
        powers = _scaled(size, p).pow(p).sum(1)
        largest = torch.finfo(powers.dtype).max / 2**40  # of infinity, whose product with 0 is no number
        return rows @ powers.clamp(max=largest) @ columns.T
    peaks = size.amax(1)
    for axis in (0, 1):
        marks = _grid_sums(x.shape[2 + axis], stride[axis], size) > 0
        spread = peaks.movedim(1 + axis, -1)[..., None, :].where(marks, -1.0)
        peaks = spread.amax(-1).movedim(-1, 1 + axis)
    return peaks


def polyphase_index(x: Tensor, stride: Size2d = 2, p: float = 2.0) -> Tensor:
    """Give the start (row, column) of the polyphase component of largest l_p norm, all channels jointly.

    The norm is summed in float32 or better and not differentiated. The first of equal components wins. An
    infinite pixel counts as the largest.

    Parameters
    ----------
    x
        (N, C, H, W).
    stride
        Subsampling factor in pixels, one integer or (vertical, horizontal).
    p
        Order of the norm, positive, ``inf`` for the maximum.

    Returns
    -------
    (N, 2), integers. Starts are 0 to s - 1 along a side that the stride divides, any row or column along a side
    that it does not divide.

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is not (N, C, H, W).

    References
    ----------
    Chaman and Dokmanic, "Truly shift-invariant convolutional neural networks", CVPR 2021, section 3.

    Examples
    --------
    >>> import torch
    >>> polyphase_index(torch.tensor([[[[1.0, 0.0], [0.0, 2.0]]]])).tolist()
    [[1, 1]]
    """
    _checks.image_batch(x, None, "polyphase_index")
    _checks.positive(p, "p")
    with autocast_off(x.device):
        norms = _component_norms(x, _checks.pair(stride, "stride"), p)
    best = norms.flatten(1).argmax(1)
    return torch.stack((best // norms.shape[2], best % norms.shape[2]), 1)
