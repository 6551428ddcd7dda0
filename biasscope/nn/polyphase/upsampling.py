"""The inverse placement: samples return to where they were taken from."""

from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn._checks import Size2d
from biasscope.nn._fx import one_step, unscripted
from biasscope.nn.polyphase.sampling import sample_positions


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
    rows = sample_positions(index[:, 0], size[0], vertical)
    columns = sample_positions(index[:, 1], size[1], horizontal)
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
    >>> from biasscope.nn import PolyphaseSampling2d
    >>> x = torch.rand(2, 3, 5, 5)
    >>> down, index = PolyphaseSampling2d(2).with_index(x)
    >>> up = PolyphaseUpsampling2d(2)(down, index, output_size=(5, 5))
    >>> torch.equal(PolyphaseSampling2d(2)(up, index), down)
    True
    """

    __prepare_scriptable__ = unscripted

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
