"""Binomial blur followed by subsampling."""

from math import comb

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn._checks import PaddingMode, Size2d
from biasscope.nn._fx import one_step, unscripted
from biasscope.nn._padding import TORCH_MODE, pad2d


def binomial_taps(filter_size: int, device: torch.device | None = None, dtype: torch.dtype | None = None) -> Tensor:
    r"""Give the normalised binomial filter of 1 to 7 taps.

    Tap :math:`j` of :math:`m` is :math:`\binom{m-1}{j} / 2^{m-1}`; every tap is exact in binary floating point.

    Parameters
    ----------
    filter_size
        Number of taps m, 1 to 7.
    device, dtype
        Of the taps; the defaults of PyTorch if not given.

    Returns
    -------
    The taps (m,), of sum 1.

    Raises
    ------
    ValueError
        If ``filter_size`` is not an integer from 1 to 7.

    References
    ----------
    Zhang, "Making Convolutional Networks Shift-Invariant Again", ICML 2019, section 3.2.

    Examples
    --------
    >>> binomial_taps(4).tolist()
    [0.125, 0.375, 0.375, 0.125]
    """
    if isinstance(filter_size, (bool, float)) or filter_size not in range(1, 8):
        raise ValueError(f"filter_size must be an integer from 1 to 7, got {filter_size!r}")
    taps = [comb(filter_size - 1, j) / 2.0 ** (filter_size - 1) for j in range(filter_size)]
    return torch.tensor(taps, device=device, dtype=dtype or torch.get_default_dtype())


def _blur(x: Tensor, kernel: Tensor, stride: tuple[int, int], mode: PaddingMode) -> Tensor:
    """Pad by floor((m-1)/2) before and ceil((m-1)/2) after, then filter each channel and subsample."""
    channels, _, _, size = kernel.shape
    if size == 1:
        return x[..., :: stride[0], :: stride[1]]
    before, after = (size - 1) // 2, size // 2
    inside = before if mode == "zeros" and before == after else 0
    if not inside:
        _, _, height, width = x.shape
        # the stride may stop short of the padding: what no window reads is left out
        below, right = after - (height - 1) % stride[0], after - (width - 1) % stride[1]
        below, right = below if below > 0 else 0, right if right > 0 else 0
        if after < height and after < width:
            x = F.pad(x, (before, right, before, below), TORCH_MODE[mode])
        else:
            x = pad2d(x, (before, below), (before, right), mode)
    if kernel.dtype != x.dtype:
        _checks.real_numbers(x, "BlurPool2d")
        kernel = kernel.to(x.dtype)
    return torch.conv2d(x, kernel, None, stride, inside, 1, channels)


def _depthwise_kernel(taps: Tensor, channels: int) -> Tensor:
    """Outer product of the taps, once per channel, in memory (an expanded view would be copied at every call)."""
    return torch.outer(taps, taps).expand(channels, 1, -1, -1).contiguous()


def blur_pool2d(x: Tensor, filter_size: int = 4, stride: Size2d = 2, padding_mode: PaddingMode = "reflect") -> Tensor:
    """Blur with a binomial filter and subsample; see `BlurPool2d`.

    Parameters
    ----------
    x
        (N, C, H, W).
    filter_size
        Number of taps m, 1 to 7.
    stride
        Subsampling factor in pixels, one integer or (vertical, horizontal).
    padding_mode
        What lies outside the map.

    Returns
    -------
    (N, C, ceil(H / s_y), ceil(W / s_x)).

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is not (N, C, H, W).

    References
    ----------
    Zhang, "Making Convolutional Networks Shift-Invariant Again", ICML 2019, section 3.2.

    Examples
    --------
    >>> import torch
    >>> blur_pool2d(torch.ones(1, 2, 5, 5)).shape
    torch.Size([1, 2, 3, 3])
    """
    _checks.image_batch(x, None, "blur_pool2d")
    _checks.real_numbers(x, "blur_pool2d")
    _checks.padding_mode(padding_mode)
    taps = binomial_taps(filter_size, x.device, x.dtype)
    return _blur(x, _depthwise_kernel(taps, x.shape[1]), _checks.pair(stride, "stride"), padding_mode)


class BlurPool2d(nn.Module):
    r"""Low-pass filter, then subsample: the anti-aliased form of plain striding.

    .. math:: y_c[i, j] = \sum_{a, b} t_a t_b \, x_c[s_y i + a - l, \; s_x j + b - l]

    with the binomial taps :math:`t` of `binomial_taps` and :math:`l = \lfloor (m-1)/2 \rfloor`.
    ``filter_size=1`` is plain slicing.

    Parameters
    ----------
    channels
        Channels of the input; each is filtered alone.
    filter_size
        Number of taps m, 1 to 7.
    stride
        Subsampling factor in pixels, one integer or (vertical, horizontal).
    padding_mode
        What lies outside the map. ``floor((m-1)/2)`` pixels are added before and ``ceil((m-1)/2)`` after. The
        filter may be wider than the map.
    device, dtype
        Of the filter; the defaults of PyTorch if not given.

    Notes
    -----
    Convention: input (N, C, H, W), output (N, C, ceil(H / s_y), ceil(W / s_x)), the size of ``x[..., ::s, ::s]``.
    The filter is a non-persistent buffer, so state dicts of the network without it load unchanged.
    Source: Zhang, "Making Convolutional Networks Shift-Invariant Again", ICML 2019, section 3.2.

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is not (N, channels, H, W).

    Examples
    --------
    >>> import torch
    >>> pool = BlurPool2d(1, filter_size=3, padding_mode="circular")
    >>> row = torch.tensor([0.0, 1, 1, 1, 0, 1, 1, 1]).expand(1, 1, 8, 8)
    >>> pool(row)[0, 0, 0].tolist()
    [0.5, 1.0, 0.5, 1.0]
    """

    kernel: Tensor

    __prepare_scriptable__ = unscripted

    def __init__(
        self,
        channels: int,
        filter_size: int = 4,
        stride: Size2d = 2,
        padding_mode: PaddingMode = "reflect",
        *,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        _checks.padding_mode(padding_mode)
        _checks.pair(channels, "channels")
        self.channels, self.filter_size, self.padding_mode = channels, filter_size, padding_mode
        self.stride = _checks.pair(stride, "stride")
        taps = binomial_taps(filter_size, device, dtype)
        self.register_buffer("kernel", _depthwise_kernel(taps, channels), persistent=False)

    @one_step
    def forward(self, x: Tensor) -> Tensor:
        """Blur and subsample (N, C, H, W)."""
        _checks.image_batch(x, self.channels, "BlurPool2d")
        return _blur(x, self.kernel, self.stride, self.padding_mode)

    def extra_repr(self) -> str:
        """Show the arguments."""
        return (
            f"{self.channels}, filter_size={self.filter_size}, stride={self.stride}, padding_mode={self.padding_mode!r}"
        )
