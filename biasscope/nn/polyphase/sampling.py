"""Adaptive polyphase sampling: subsample from the start that the content chooses."""

from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn._checks import Size2d
from biasscope.nn._fx import one_step, unscripted
from biasscope.nn.polyphase.index import polyphase_index

UnevenMode = Literal["wrap", "pad", "error"]
"""What happens where the stride does not divide the map: see `PolyphaseSampling2d`."""


def sample_positions(start: Tensor, size: int, stride: int) -> Tensor:
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
    rows, columns = sample_positions(index[:, 0], h, vertical), sample_positions(index[:, 1], w, horizontal)
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

    __prepare_scriptable__ = unscripted

    def __init__(self, stride: Size2d = 2, p: float = 2.0, uneven: UnevenMode = "wrap") -> None:
        super().__init__()
        _checks.choice(uneven, "uneven", get_args(UnevenMode))
        _checks.positive(p, "p")
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
