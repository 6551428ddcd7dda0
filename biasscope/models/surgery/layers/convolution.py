"""Convolutions of any padding with a sampling layer in front or behind."""

from __future__ import annotations

from typing import NamedTuple, cast

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from biasscope.nn._checks import PaddingMode
from biasscope.nn._fx import one_step, unscripted
from biasscope.nn._padding import pad2d, reach

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

    def stated(self) -> tuple[Amount, Amount]:
        """Rows and columns that the argument of the convolution alone says, whatever the size of the map."""
        if not isinstance(self.padding, str):
            return (self.padding[0], self.padding[0]), (self.padding[1], self.padding[1])
        rows, columns = reach(self.kernel_size, self.dilation) if self.padding == "same" else (0, 0)
        return _halves(rows), _halves(columns)

    def amount(self, size: int, axis: int) -> Amount:
        """(in front, behind) for a map of ``size`` pixels along an axis (0 vertical, 1 horizontal)."""
        taps = reach(self.kernel_size, self.dilation)[axis]
        front, behind = self.stated()[axis]
        if self.same is not None:
            stride = self.same[axis]
            front, behind = _halves(max((-(-size // stride) - 1) * stride + taps + 1 - size, 0))
        return (front, taps - front) if self.wrap else (front, behind)

    def amounts(self, x: Tensor) -> tuple[Amount, Amount]:
        """Rows and columns for a (N, C, H, W) map."""
        return self.amount(x.shape[-2], 0), self.amount(x.shape[-1], 1)

    def pad(self, x: Tensor) -> Tensor:
        """Pad a (N, C, H, W) map."""
        return pad2d(x, *self.amounts(x), "circular" if self.wrap else self.mode)


def _halves(total: int) -> Amount:
    """Two halves, the smaller in front."""
    return total // 2, total - total // 2


def _parametrized(kind: type[SurgeryConv2d], conv: nn.Conv2d) -> type[SurgeryConv2d]:
    """Class whose weights are made as those of a parametrized convolution are, of which PyTorch makes a class."""
    own = {name: thing for name, thing in vars(type(conv)).items() if name not in ("__module__", "__doc__")}
    return type(f"Parametrized{kind.__name__}", (kind,), own)


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

    __prepare_scriptable__ = unscripted

    @classmethod
    def of(cls, conv: nn.Conv2d) -> SurgeryConv2d:
        """Turn a plain convolution into this class in place, unless it is one."""
        if not isinstance(conv, cls):
            conv.__class__ = _parametrized(cls, conv) if is_parametrized(conv) else cls
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
