"""Pools whose windows wrap around, and what stands in the place of pools."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.nn import BlurPool2d, _checks
from biasscope.nn._checks import Size2d
from biasscope.nn._fx import one_step, unscripted
from biasscope.nn._padding import pad2d, reach
from biasscope.nn.antialias.maxpool import window_maximum


class _CircularPool2d(nn.Module):
    """Pool whose windows wrap around: ``padding`` pixels in front, the rest of the window behind."""

    __prepare_scriptable__ = unscripted

    def __init__(
        self, kernel_size: Size2d, stride: Size2d | None = None, padding: Size2d = 0, dilation: Size2d = 1
    ) -> None:
        super().__init__()
        self.kernel_size = _checks.pair(kernel_size, "kernel_size")
        self.stride = self.kernel_size if stride is None else _checks.pair(stride, "stride")
        self.padding = _checks.pair(padding, "padding", 0)
        self.dilation = _checks.pair(dilation, "dilation")
        if any(p > r for p, r in zip(self.padding, self._reach, strict=True)):
            raise ValueError(f"padding {padding!r} is wider than the window")

    @property
    def _reach(self) -> tuple[int, int]:
        return reach(self.kernel_size, self.dilation)

    def wrapped(self, x: Tensor) -> Tensor:
        """Map with the pixels that windows at the far edge read from the near one."""
        rows, columns = ((self.padding[a], self._reach[a] - self.padding[a]) for a in (0, 1))
        return pad2d(x, rows, columns, "circular")

    def extra_repr(self) -> str:
        """Show the arguments."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}"


class CircularMaxPool2d(_CircularPool2d):
    """Maximum over windows that wrap around; output ``ceil(H / stride)``.

    Examples
    --------
    >>> import torch
    >>> CircularMaxPool2d(3, 2, 1)(torch.arange(16.0).view(1, 1, 4, 4)).flatten().tolist()
    [15.0, 15.0, 15.0, 15.0]
    """

    @one_step
    def forward(self, x: Tensor) -> Tensor:
        """Pool (N, C, H, W)."""
        x = self.wrapped(x)
        if self.stride == (1, 1):
            return window_maximum(x, self.kernel_size, self.dilation)
        return F.max_pool2d(x, self.kernel_size, self.stride, 0, self.dilation)


class CircularAvgPool2d(_CircularPool2d):
    """Mean over windows that wrap around; output ``ceil(H / stride)``.

    Examples
    --------
    >>> import torch
    >>> CircularAvgPool2d(2, 1)(torch.tensor([[[[1.0, 3.0]]]])).tolist()
    [[[[2.0, 2.0]]]]
    """

    @one_step
    def forward(self, x: Tensor) -> Tensor:
        """Pool (N, C, H, W)."""
        return F.avg_pool2d(self.wrapped(x), self.kernel_size, self.stride)


class BlurredAvgPool2d(nn.Module):
    """Blur in the place of an average pool, trimmed to the average pool's output size.

    Parameters
    ----------
    blur
        The blur, with the pool's stride.
    kernel_size, padding, ceil_mode
        Those of the average pool; they give the output size.
    """

    def __init__(self, blur: BlurPool2d, kernel_size: Size2d, padding: Size2d = 0, ceil_mode: bool = False) -> None:
        super().__init__()
        self.blur = blur
        self.kernel_size = _checks.pair(kernel_size, "kernel_size")
        self.padding = _checks.pair(padding, "padding", 0)
        self.ceil_mode = ceil_mode

    def _size(self, size: int, axis: int) -> int:
        if self.blur.padding_mode == "circular":
            return -(-size // self.blur.stride[axis])
        room = size + 2 * self.padding[axis] - self.kernel_size[axis]
        stride = self.blur.stride[axis]
        if not self.ceil_mode:
            return room // stride + 1
        last = -(-room // stride)
        return last + (last * stride < size + self.padding[axis])

    @one_step
    def forward(self, x: Tensor) -> Tensor:
        """Pool (N, C, H, W)."""
        sizes = tuple(self._size(x.shape[2 + axis], axis) for axis in (0, 1))
        beyond = ((sizes[a] - 1) * self.blur.stride[a] + 1 - x.shape[2 + a] for a in (0, 1))
        rows, columns = ((0, max(0, pixels)) for pixels in beyond)  # ceil_mode may centre a window behind the edge
        out: Tensor = self.blur(pad2d(x, rows, columns, self.blur.padding_mode))
        return out[..., : sizes[0], : sizes[1]]


class ByChannels(nn.Module):
    """One layer used on maps of several widths: chooses among layers by the number of channels."""

    def __init__(self, layers: dict[int, nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleDict({str(channels): layer for channels, layer in layers.items()})

    @one_step
    def forward(self, x: Tensor) -> Tensor:
        """Pool (N, C, H, W)."""
        out: Tensor = self.layers[str(x.shape[1])](x)
        return out
