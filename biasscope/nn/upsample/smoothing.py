"""Fixed smoothing layer beside up- or downsampling."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn._checks import PaddingMode, Size2d
from biasscope.nn._fx import one_step, unscripted
from biasscope.nn._padding import pad2d


def smoothing_taps(factor: int, order: int) -> list[float]:
    """Give the box of ``factor`` taps convolved with itself ``order`` times, sum 1 (order 0: the box itself).

    Examples
    --------
    >>> smoothing_taps(2, 0), smoothing_taps(2, 1)
    ([0.5, 0.5], [0.25, 0.5, 0.25])
    """
    if isinstance(order, bool) or not isinstance(order, int) or order < 0:
        raise ValueError(f"order must be an integer >= 0, got {order!r}")
    box = torch.full((factor,), 1.0 / factor, dtype=torch.float64)
    taps = box
    for _ in range(order):
        taps = F.conv1d(taps.view(1, 1, -1), box.flip(0).view(1, 1, -1), padding=factor - 1).flatten()
    return [float(tap) for tap in taps]


class SmoothUpsampled2d(nn.Module):
    r"""Fixed low-pass filter after an upsampling layer that makes every phase answer alike to a constant.

    With :math:`b` the box of s taps, the filter along each axis is :math:`b^{*(d+1)}` (order d). A transposed
    convolution of stride s, whatever its weights, followed by the filter, gives a constant output for a constant
    input away from the border: the box sums one sample of every phase. Order 0 is the zero-order hold of
    Sugawara et al.; higher orders smooth more. Used before a strided convolution it makes the gradient free of
    checkerboards in the same way.

    Parameters
    ----------
    channels
        Channels of the input; each is filtered alone.
    factor
        Stride s of the neighbouring layer, one integer or (vertical, horizontal).
    order
        Order d >= 0 of the filter: (d + 1)(s - 1) + 1 taps.
    gain
        Sum of the filter along both axes together. 1 keeps the mean; ``factor ** 2`` is the plain zero-order hold of a
        zero-inserted signal.
    padding_mode
        What lies outside the map.
    device, dtype
        Of the filter; the defaults of PyTorch if not given.

    Notes
    -----
    Convention: input and output (N, C, H, W); of an even number of taps the spare one lies before. The filter is a
    non-persistent buffer. A bias of the upsampling layer stays constant under the filter.
    Source: Sugawara et al., "Super-resolution using convolutional neural networks without any checkerboard
    artifacts", ICIP 2018; Kinoshita and Kiya, "Fixed smooth convolutional layer for avoiding checkerboard artifacts
    in CNNs", ICASSP 2020.

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is not (N, channels, H, W).

    Examples
    --------
    >>> import torch
    >>> up = torch.nn.ConvTranspose2d(1, 1, 3, stride=2)
    >>> flat = SmoothUpsampled2d(1, factor=2)(up(torch.ones(1, 1, 8, 8)))[..., 3:-3, 3:-3]
    >>> bool(flat.std() < 1e-6)
    True
    """

    kernel: Tensor

    __prepare_scriptable__ = unscripted

    def __init__(
        self,
        channels: int,
        factor: Size2d = 2,
        order: int = 0,
        gain: float = 1.0,
        padding_mode: PaddingMode = "replicate",
        *,
        device: torch.device | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        _checks.padding_mode(padding_mode)
        _checks.pair(channels, "channels")
        self.channels, self.order, self.gain, self.padding_mode = channels, order, gain, padding_mode
        self.factor = _checks.pair(factor, "factor")
        vertical, horizontal = (torch.tensor(smoothing_taps(f, order), dtype=torch.float64) for f in self.factor)
        kernel = gain * torch.outer(vertical, horizontal).expand(channels, 1, -1, -1)
        kernel = kernel.to(device=device, dtype=dtype or torch.get_default_dtype()).contiguous()
        self.register_buffer("kernel", kernel, persistent=False)

    @one_step
    def forward(self, x: Tensor) -> Tensor:
        """Filter (N, C, H, W)."""
        _checks.image_batch(x, self.channels, "SmoothUpsampled2d")
        _checks.real_numbers(x, "SmoothUpsampled2d")
        vertical, horizontal = ((side // 2, (side - 1) // 2) for side in self.kernel.shape[2:])
        padded = pad2d(x, vertical, horizontal, self.padding_mode)
        return F.conv2d(padded, self.kernel.to(x.dtype), groups=self.channels)

    def extra_repr(self) -> str:
        """Show the arguments."""
        return (
            f"{self.channels}, factor={self.factor}, order={self.order}, gain={self.gain}, "
            f"padding_mode={self.padding_mode!r}"
        )
