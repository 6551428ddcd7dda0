"""Adaptive polyphase sampling and its inverse placement."""

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn._checks import Size2d
from biasscope.nn._context import autocast_off
from biasscope.nn._fx import one_step

UnevenMode = Literal["wrap", "pad", "error"]
"""What happens where the stride does not divide the map: see `PolyphaseSampling2d`."""


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
        return rows @ _scaled(size, p).pow(p).sum(1) @ columns.T
    peaks = size.amax(1)
    for axis in (0, 1):
        marks = _grid_sums(x.shape[2 + axis], stride[axis], size) > 0
        spread = peaks.movedim(1 + axis, -1)[..., None, :].where(marks, -1.0)
        peaks = spread.amax(-1).movedim(-1, 1 + axis)
    return peaks


def polyphase_index(x: Tensor, stride: Size2d = 2, p: float = 2.0) -> Tensor:
    """Give the start (row, column) of the polyphase component of largest l_p norm, all channels jointly.

    The norm is summed in float32 or better and not differentiated. The first of equal components wins.

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
    if not p > 0:
        raise ValueError(f"p must be positive, got {p!r}")
    with autocast_off(x.device):
        norms = _component_norms(x, _checks.pair(stride, "stride"), p)
    best = norms.flatten(1).argmax(1)
    return torch.stack((best // norms.shape[2], best % norms.shape[2]), 1)


def _sample_positions(start: Tensor, size: int, stride: int) -> Tensor:
    """Rows read for every image of the batch, (N, ceil(size / stride))."""
    return (start[:, None] + torch.arange(-(-size // stride), device=start.device) * stride) % size


def polyphase_sample(x: Tensor, index: Tensor, stride: Size2d = 2) -> Tensor:
    """Read every stride-th pixel from the start ``index``, wrapping around at the far edge.

    Parameters
    ----------
    x
        (N, C, H, W).
    index
        (N, 2), the (row, column) of the first sample, as `polyphase_index` gives it.
    stride
        Subsampling factor in pixels, one integer or (vertical, horizontal).

    Returns
    -------
    (N, C, ceil(H / s_y), ceil(W / s_x)).

    Raises
    ------
    ValueError
        If the stride is out of range, or the input is not (N, C, H, W).

    References
    ----------
    Chaman and Dokmanic, "Truly shift-invariant convolutional neural networks", CVPR 2021, section 3.

    Examples
    --------
    >>> import torch
    >>> x = torch.arange(16.0).view(1, 1, 4, 4)
    >>> polyphase_sample(x, torch.tensor([[1, 0]])).tolist()
    [[[[4.0, 6.0], [12.0, 14.0]]]]
    """
    _checks.image_batch(x, None, "polyphase_sample")
    vertical, horizontal = _checks.pair(stride, "stride")
    n, c, h, w = x.shape
    batch = torch.arange(n, device=x.device)
    if h % vertical == 0 and w % horizontal == 0:
        phases = x.reshape(n, c, h // vertical, vertical, w // horizontal, horizontal)
        return phases.permute(0, 3, 5, 1, 2, 4)[batch, index[:, 0], index[:, 1]]
    rows, columns = _sample_positions(index[:, 0], h, vertical), _sample_positions(index[:, 1], w, horizontal)
    return x.permute(0, 2, 3, 1)[batch[:, None, None], rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


class PolyphaseSampling2d(nn.Module):
    r"""Adaptive polyphase sampling (APS): subsample at the phase that carries the largest norm.

    .. math:: y = x[:, \; i^* + s_y \mathbb{Z}, \; j^* + s_x \mathbb{Z}], \qquad
              (i^*, j^*) = \arg\max_{i, j} \lVert x[:, i + s_y \mathbb{Z}, j + s_x \mathbb{Z}] \rVert_p

    The phase moves with the content, so the output of a circularly shifted input is the (circularly shifted) output.
    A network of circular stride-1 convolutions, pointwise functions, this layer and global pooling gives the same
    logits at every circular shift, untrained.

    Parameters
    ----------
    stride
        Subsampling factor in pixels, one integer or (vertical, horizontal).
    p
        Order of the norm, positive, ``inf`` for the maximum.
    uneven
        Where the stride does not divide a side H. ``"wrap"``: the ceil(H / s) samples may start at any of the H rows
        and wrap around, so the choice among all H starts follows every circular shift and consistency stays exact;
        the output begins at the chosen start, hence it does not move at all. ``"pad"``: repeat the last row or column
        up to a multiple of the stride; keeps positions, but consistency is no longer exact. ``"error"``: refuse.

    Notes
    -----
    Convention: input (N, C, H, W), output (N, C, ceil(H / s_y), ceil(W / s_x)); an index is (N, 2), the (row, column)
    of the first sample. The index that one branch chose is passed to the shortcut beside it, so both are sampled alike.
    Exactly equal norms (a constant map) are decided by the lowest start. There are no parameters or buffers.
    Source: Chaman and Dokmanic, "Truly shift-invariant convolutional neural networks", CVPR 2021, section 3.

    Raises
    ------
    ValueError
        If an argument is out of range, the input is not (N, C, H, W), or ``uneven="error"`` and a side is not a
        multiple of the stride.

    Examples
    --------
    >>> import torch
    >>> sample = PolyphaseSampling2d(2)
    >>> x = torch.rand(1, 4, 6, 6)
    >>> main, index = sample.with_index(x)
    >>> shortcut = sample(2 * x, index)
    >>> torch.equal(shortcut, 2 * main)
    True
    """

    def __init__(self, stride: Size2d = 2, p: float = 2.0, uneven: UnevenMode = "wrap") -> None:
        super().__init__()
        _checks.choice(uneven, "uneven", get_args(UnevenMode))
        if not p > 0:
            raise ValueError(f"p must be positive, got {p!r}")
        self.stride, self.p, self.uneven = _checks.pair(stride, "stride"), p, uneven

    def _even(self, x: Tensor) -> Tensor:
        missing = [-x.shape[2 + a] % self.stride[a] for a in (0, 1)]
        if self.uneven == "wrap" or not any(missing):
            return x
        if self.uneven == "error":
            raise ValueError(f"stride {self.stride} does not divide the map {tuple(x.shape[2:])} and uneven='error'")
        return F.pad(x, (0, missing[1], 0, missing[0]), mode="replicate")

    def with_index(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Sample (N, C, H, W) and give the chosen start as well, for a shortcut or for `PolyphaseUpsampling2d`."""
        _checks.image_batch(x, None, "PolyphaseSampling2d")
        x = self._even(x)
        index = polyphase_index(x, self.stride, self.p)
        return polyphase_sample(x, index, self.stride), index

    @one_step
    def forward(self, x: Tensor, index: Tensor | None = None) -> Tensor:
        """Sample (N, C, H, W), at the start ``index`` (N, 2) if one is given."""
        if index is None:
            return self.with_index(x)[0]
        _checks.image_batch(x, None, "PolyphaseSampling2d")
        return polyphase_sample(self._even(x), index, self.stride)

    def extra_repr(self) -> str:
        """Show the arguments."""
        return f"stride={self.stride}, p={self.p}, uneven={self.uneven!r}"


def polyphase_upsample(
    y: Tensor, index: Tensor, stride: Size2d = 2, output_size: tuple[int, int] | None = None
) -> Tensor:
    """Put samples back at the positions they were taken from, zeros elsewhere; see `PolyphaseUpsampling2d`.

    Parameters
    ----------
    y
        Samples (N, C, h, w).
    index
        (N, 2), the (row, column) of the first sample.
    stride
        Upsampling factor in pixels, that of the sampling.
    output_size
        Size (H, W) of the sampled map; (s_y h, s_x w) if not given.

    Returns
    -------
    (N, C, H, W).

    Raises
    ------
    ValueError
        If an argument is out of range, ``y`` is not (N, C, h, w), or no map of ``output_size`` gives it.

    References
    ----------
    Chaman and Dokmanic, "Truly shift-equivariant convolutional neural networks with adaptive polyphase
    upsampling", 2021.

    Examples
    --------
    >>> import torch
    >>> polyphase_upsample(torch.ones(1, 1, 1, 1), torch.tensor([[0, 1]])).tolist()
    [[[[0.0, 1.0], [0.0, 0.0]]]]
    """
    _checks.image_batch(y, None, "polyphase_upsample", "y")
    vertical, horizontal = _checks.pair(stride, "stride")
    n, c, h, w = y.shape
    size = output_size or (h * vertical, w * horizontal)
    if (-(-size[0] // vertical), -(-size[1] // horizontal)) != (h, w):
        raise ValueError(f"output_size {size} at stride {(vertical, horizontal)} does not give a map of {(h, w)}")
    rows = _sample_positions(index[:, 0], size[0], vertical)
    columns = _sample_positions(index[:, 1], size[1], horizontal)
    flat = (rows[:, :, None] * size[1] + columns[:, None, :]).view(n, 1, h * w).expand(-1, c, -1)
    return y.new_zeros(n, c, size[0] * size[1]).scatter(2, flat, y.reshape(n, c, h * w)).view(n, c, *size)


class PolyphaseUpsampling2d(nn.Module):
    """Undo the sampling of `PolyphaseSampling2d`: samples return to their phase, zeros between them.

    It is the adjoint of the sampling and, sampled again at the same index, gives its input back.

    Parameters
    ----------
    stride
        Upsampling factor in pixels, that of the sampling.

    Notes
    -----
    Convention: input (N, C, h, w) and index (N, 2), output (N, C, s_y h, s_x w) or ``output_size``, which is needed
    where the stride does not divide the side of the sampled map. A low-pass filter usually follows.
    Source: Chaman and Dokmanic, "Truly shift-equivariant convolutional neural networks with adaptive polyphase
    upsampling", 2021.

    Raises
    ------
    ValueError
        If ``output_size`` cannot have given a map of the input's size.

    Examples
    --------
    >>> import torch
    >>> x = torch.rand(2, 3, 5, 5)
    >>> down, index = PolyphaseSampling2d(2).with_index(x)
    >>> up = PolyphaseUpsampling2d(2)(down, index, output_size=(5, 5))
    >>> torch.equal(PolyphaseSampling2d(2)(up, index), down)
    True
    """

    def __init__(self, stride: Size2d = 2) -> None:
        super().__init__()
        self.stride = _checks.pair(stride, "stride")

    @one_step
    def forward(self, y: Tensor, index: Tensor, output_size: tuple[int, int] | None = None) -> Tensor:
        """Place (N, C, h, w) at the index (N, 2)."""
        return polyphase_upsample(y, index, self.stride, output_size)

    def extra_repr(self) -> str:
        """Show the stride."""
        return f"stride={self.stride}"
