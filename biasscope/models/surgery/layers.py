"""Layers that surgery puts in. None of them has a parameter or a stored buffer that the layer before it had not."""

from __future__ import annotations

from typing import NamedTuple, cast

import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.nn import BlurPool2d, _checks
from biasscope.nn._checks import PaddingMode, Size2d
from biasscope.nn._fx import one_step
from biasscope.nn._padding import pad2d
from biasscope.nn.antialias.maxpool import window_maximum

Amount = tuple[int, int]


class PaddingLaw(NamedTuple):
    """How a convolution pads: ``same`` is the stride of TensorFlow's SAME padding, ``wrap`` is circular, size kept."""

    kernel_size: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: str | tuple[int, ...]
    mode: PaddingMode
    same: Amount | None = None
    wrap: bool = False

    @classmethod
    def of(cls, conv: nn.Conv2d) -> PaddingLaw:
        """Law of a convolution."""
        law = cls(conv.kernel_size, conv.dilation, conv.padding, conv.padding_mode)
        return law._replace(same=conv.same, wrap=conv.wrap) if isinstance(conv, SurgeryConv2d) else law

    def amount(self, size: int, axis: int) -> Amount:
        """(in front, behind) for a map of ``size`` pixels along an axis (0 vertical, 1 horizontal)."""
        reach = self.dilation[axis] * (self.kernel_size[axis] - 1)
        if self.same is not None:
            stride = self.same[axis]
            total = max((-(-size // stride) - 1) * stride + reach + 1 - size, 0)
            front, behind = total // 2, total - total // 2
        elif isinstance(self.padding, str):
            front, behind = (reach // 2, reach - reach // 2) if self.padding == "same" else (0, 0)
        else:
            front = behind = self.padding[axis]
        return (front, reach - front) if self.wrap else (front, behind)

    def amounts(self, x: Tensor) -> tuple[Amount, Amount]:
        """Rows and columns for a (N, C, H, W) map."""
        return self.amount(x.shape[-2], 0), self.amount(x.shape[-1], 1)

    def pad(self, x: Tensor) -> Tensor:
        """Pad a (N, C, H, W) map."""
        return pad2d(x, *self.amounts(x), "circular" if self.wrap else self.mode)


class SurgeryConv2d(nn.Conv2d):
    """``nn.Conv2d`` with a sampling layer in front or behind, and padding that may differ on the two sides.

    It is made from a convolution with `of`, which keeps the module, its name and its parameters, so state dicts fit.

    Attributes
    ----------
    before, after
        Layers without parameters that run in front of the convolution and behind it.
    same
        The stride that TensorFlow's SAME padding is computed for, ``None`` for the padding of ``nn.Conv2d``.
    wrap
        Pad circularly and so much behind the map that it keeps its size: output ``ceil(H / stride)``.

    Notes
    -----
    SAME: ``max((ceil(H / s) - 1) s + d (k - 1) + 1 - H, 0)`` pixels in all, the smaller half in front. Unlike
    ``padding=1`` this pads an even map at stride 2 only behind.
    """

    before: nn.Module | None
    after: nn.Module | None
    same: Amount | None
    wrap: bool

    @classmethod
    def of(cls, conv: nn.Conv2d) -> SurgeryConv2d:
        """Turn a plain convolution into this class in place, unless it is one."""
        if not isinstance(conv, cls):
            conv.__class__ = cls
            vars(conv).update(before=None, after=None, same=None, wrap=False)
        return cast(SurgeryConv2d, conv)

    @one_step
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name that nn.Conv2d gives it)
        """Sample, pad, convolve, sample."""
        x: Tensor = input if self.before is None else self.before(input)
        law, inside = PaddingLaw.of(self), (0, 0)
        rows, columns = law.amounts(x)
        if law.mode == "zeros" and not law.wrap and rows[0] == rows[1] and columns[0] == columns[1]:
            inside = (rows[0], columns[0])
        else:
            x = law.pad(x)
        x = F.conv2d(x, self.weight, self.bias, self.stride, inside, self.dilation, self.groups)
        return x if self.after is None else self.after(x)

    def extra_repr(self) -> str:
        """Show the padding law beside what ``nn.Conv2d`` shows."""
        law = f", SAME padding of stride {self.same}" if self.same else ""
        plain: str = super().extra_repr()  # type: ignore[no-untyped-call]
        return plain + law + (", wrap" if self.wrap else "")


class SampledPReLU(nn.PReLU):
    """``nn.PReLU`` with a sampling layer behind; keeps the module, its name and its parameter, so state dicts fit."""

    sampler: nn.Module

    @classmethod
    def of(cls, activation: nn.PReLU, sampler: nn.Module) -> SampledPReLU:
        """Turn a plain activation into this class in place."""
        activation.__class__ = cls
        activation.sampler = sampler
        return cast(SampledPReLU, activation)

    @one_step
    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (the name that nn.PReLU gives it)
        """Activate, sample."""
        out: Tensor = self.sampler(super().forward(input))
        return out


class _CircularPool2d(nn.Module):
    """Pool whose windows wrap around: ``padding`` pixels in front, the rest of the window behind."""

    def __init__(
        self, kernel_size: Size2d, stride: Size2d | None = None, padding: Size2d = 0, dilation: Size2d = 1
    ) -> None:
        super().__init__()
        self.kernel_size = _checks.pair(kernel_size, "kernel_size")
        self.stride = self.kernel_size if stride is None else _checks.pair(stride, "stride")
        self.padding = _checks.pair(padding, "padding", 0)
        self.dilation = _checks.pair(dilation, "dilation")
        if any(p > r for p, r in zip(self.padding, self._reach(), strict=True)):
            raise ValueError(f"padding {padding!r} is wider than the window")

    def _reach(self) -> Amount:
        return cast(Amount, tuple(d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)))

    def wrapped(self, x: Tensor) -> Tensor:
        """Map with the pixels that windows at the far edge read from the near one."""
        reach = self._reach()
        rows, columns = ((self.padding[a], reach[a] - self.padding[a]) for a in (0, 1))
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
        return (-(-room // stride) if self.ceil_mode else room // stride) + 1

    @one_step
    def forward(self, x: Tensor) -> Tensor:
        """Pool (N, C, H, W)."""
        out: Tensor = self.blur(x)
        return out[..., : self._size(x.shape[-2], 0), : self._size(x.shape[-1], 1)]


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
