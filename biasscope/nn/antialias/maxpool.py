"""Anti-aliased max pooling."""

from math import inf

import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.nn import _checks
from biasscope.nn._checks import PaddingMode, Size2d
from biasscope.nn._padding import pad2d
from biasscope.nn.antialias.blur import BlurPool2d


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
        reach = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        if circular_max and any(p > r for p, r in zip(self.padding, reach, strict=True)):
            raise ValueError(f"circular_max needs padding <= dilation * (kernel_size - 1), got {padding!r}")

    def _overhang(self, size: int, axis: int) -> int:
        """Rows that the last window of ceil_mode reads beyond the padded map."""
        stride, padding = self.blur.stride[axis], self.padding[axis]
        room = size + 2 * padding - self.dilation[axis] * (self.kernel_size[axis] - 1) - 1
        last = -(-room // stride)
        if last * stride >= size + padding:
            last -= 1
        return max(last * stride - room, 0)

    def _windows_of_same_size(self, x: Tensor) -> Tensor:
        after = [d * (k - 1) - p for d, k, p in zip(self.dilation, self.kernel_size, self.padding, strict=True)]
        return pad2d(x, (self.padding[0], after[0]), (self.padding[1], after[1]), "circular")

    def forward(self, x: Tensor) -> Tensor:
        """Pool (N, C, H, W)."""
        _checks.image_batch(x, self.blur.channels, "MaxBlurPool2d")
        if self.circular_max:
            return self._blurred(F.max_pool2d(self._windows_of_same_size(x), self.kernel_size, 1, 0, self.dilation))
        bottom, right = (self._overhang(x.shape[2 + a], a) if self.ceil_mode else 0 for a in (0, 1))
        if bottom or right:
            left, top = self.padding[1], self.padding[0]
            x = F.pad(x, (left, left + right, top, top + bottom), value=-inf)
            return self._blurred(F.max_pool2d(x, self.kernel_size, 1, 0, self.dilation))
        return self._blurred(F.max_pool2d(x, self.kernel_size, 1, self.padding, self.dilation))

    def _blurred(self, x: Tensor) -> Tensor:
        out: Tensor = self.blur(x)
        return out

    def extra_repr(self) -> str:
        """Show the arguments of the maximum."""
        return (
            f"kernel_size={self.kernel_size}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}, circular_max={self.circular_max}"
        )
