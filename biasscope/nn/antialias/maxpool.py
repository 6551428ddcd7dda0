"""Anti-aliased max pooling."""

from math import inf

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn._checks import PaddingMode, Size2d
from biasscope.nn._context import may_use_autograd_function
from biasscope.nn._fx import one_step, unscripted
from biasscope.nn._padding import pad2d, reach
from biasscope.nn.antialias.blur import BlurPool2d


def _differentiated(x: Tensor) -> bool:
    """Whether gradients are recorded, or something compiles, exports or transforms the operations."""
    return not may_use_autograd_function() or (torch.is_grad_enabled() and x.requires_grad)


def window_maximum(x: Tensor, kernel_size: tuple[int, int], dilation: tuple[int, int]) -> Tensor:
    """Maximum over every window of (N, C, H, W), stride 1.

    Without gradients one axis follows the other in whole-array operations: on the CPU 2 (channels last) to 20 times
    faster than ``max_pool2d``, whose gradient (to the first of equal maxima) is kept where one is recorded.
    """
    if _differentiated(x):
        return F.max_pool2d(x, kernel_size, 1, 0, dilation)
    for axis, (side, apart) in enumerate(zip(kernel_size, dilation, strict=True), 2):
        length = x.shape[axis] - apart * (side - 1)
        if length < 1:
            raise ValueError(f"the window {kernel_size} exceeds the padded map {tuple(x.shape[2:])}")
        taps = [x.narrow(axis, apart * tap, length) for tap in range(side)]
        x = torch.maximum(taps[0], taps[1]) if side > 1 else x
        for tap in taps[2:]:
            torch.maximum(x, tap, out=x)
    return x


class MaxBlurPool2d(nn.Module):
    """Maximum at every position, then blur and subsample: the anti-aliased form of ``nn.MaxPool2d``.

    ``MaxPool2d(k, stride=s)`` becomes ``MaxPool2d(k, stride=1)`` followed by ``BlurPool2d(m, stride=s)``.

    Parameters
    ----------
    channels
        Channels of the input.
    kernel_size, padding, dilation, ceil_mode
        As in ``nn.MaxPool2d``; with ``filter_size=1`` the result is that of ``nn.MaxPool2d``.
    stride
        Subsampling factor in pixels; ``kernel_size`` if not given.
    filter_size, padding_mode
        As in `BlurPool2d`.
    circular_max
        Let the windows of the maximum wrap around as well: ``padding`` pixels before and the rest of the window
        after, so the maximum keeps the size of the map and ``ceil_mode`` has no meaning. Together with
        ``padding_mode="circular"`` the layer is equivariant to circular shifts by multiples of the stride.

    Notes
    -----
    Convention: input (N, C, H, W), output the size of ``nn.MaxPool2d`` with the same arguments
    (``circular_max``: ceil(H / s)). Source: Zhang, ICML 2019, section 3.2.

    Raises
    ------
    ValueError
        If an argument is out of range, or the input is not (N, channels, H, W).

    Examples
    --------
    >>> import torch
    >>> MaxBlurPool2d(8, kernel_size=3, stride=2, padding=1)(torch.rand(1, 8, 7, 7)).shape
    torch.Size([1, 8, 4, 4])
    """

    __prepare_scriptable__ = unscripted

    def __init__(
        self,
        channels: int,
        kernel_size: Size2d = 2,
        stride: Size2d | None = None,
        padding: Size2d = 0,
        dilation: Size2d = 1,
        ceil_mode: bool = False,
        *,
        filter_size: int = 4,
        padding_mode: PaddingMode = "reflect",
        circular_max: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = _checks.pair(kernel_size, "kernel_size")
        self.padding = _checks.pair(padding, "padding", 0)
        self.dilation = _checks.pair(dilation, "dilation")
        self.ceil_mode, self.circular_max = ceil_mode, circular_max
        self.blur = BlurPool2d(channels, filter_size, self.kernel_size if stride is None else stride, padding_mode)
        room = reach(self.kernel_size, self.dilation)
        if circular_max and any(p > r for p, r in zip(self.padding, room, strict=True)):
            raise ValueError(f"circular_max needs padding <= dilation * (kernel_size - 1), got {padding!r}")

    def _overhang(self, size: int, axis: int) -> int:
        """Rows that the last window of ceil_mode reads beyond the padded map."""
        stride, padding = self.blur.stride[axis], self.padding[axis]
        room = size + 2 * padding - self.dilation[axis] * (self.kernel_size[axis] - 1) - 1
        last = -(-room // stride)
        if last * stride >= size + padding:
            last -= 1
        return max(last * stride - room, 0)

    def _padded(self, x: Tensor) -> Tensor:
        (top, left), (bottom, right) = self.padding, self.padding
        if self.ceil_mode:
            bottom, right = bottom + self._overhang(x.shape[2], 0), right + self._overhang(x.shape[3], 1)
        return F.pad(x, (left, right, top, bottom), value=-inf) if bottom or right else x

    def _windows_of_same_size(self, x: Tensor) -> Tensor:
        (top, left), (rows, columns) = self.padding, reach(self.kernel_size, self.dilation)
        return pad2d(x, (top, rows - top), (left, columns - left), "circular")

    @one_step
    def forward(self, x: Tensor) -> Tensor:
        """Pool (N, C, H, W)."""
        _checks.image_batch(x, self.blur.channels, "MaxBlurPool2d")
        x = self._windows_of_same_size(x) if self.circular_max else self._padded(x)
        out: Tensor = self.blur(window_maximum(x, self.kernel_size, self.dilation))
        return out

    def extra_repr(self) -> str:
        """Show the arguments of the maximum."""
        return (
            f"kernel_size={self.kernel_size}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}, circular_max={self.circular_max}"
        )
