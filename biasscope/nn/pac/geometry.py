"""Which pixels lie under the window of which output pixel."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch.nn.functional as F
from torch import Tensor

from biasscope.nn import _checks
from biasscope.nn._checks import Size2d
from biasscope.nn._padding import reach


def odd_window(kernel_size: Size2d) -> tuple[int, int]:
    """Give the sides of a window, refusing even ones: they have no centre pixel to compare with."""
    sides = _checks.pair(kernel_size, "kernel_size")
    if sides[0] % 2 == 0 or sides[1] % 2 == 0:
        raise ValueError(f"kernel_size must be odd (a pixel-adaptive window has a centre), got {kernel_size!r}")
    return sides


@dataclass(frozen=True)
class Window:
    """A sliding window: (vertical, horizontal) pairs; ``before`` and ``after`` are the padding, negative crops."""

    sides: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    before: tuple[int, int] = (0, 0)
    after: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, kernel_size: Size2d, stride: Size2d, padding: Size2d, dilation: Size2d) -> "Window":
        """Read the arguments of a convolution or a pool."""
        margin = _checks.pair(padding, "padding", 0)
        spread = _checks.pair(dilation, "dilation")
        return cls(odd_window(kernel_size), _checks.pair(stride, "stride"), spread, margin, margin)

    @property
    def reach(self) -> tuple[int, int]:
        """Distance from the first tap to the last."""
        return reach(self.sides, self.dilation)

    @property
    def centre(self) -> int:
        """Index of the centre tap in the order of `taps`."""
        return self.sides[0] * self.sides[1] // 2

    def unpadded(self) -> "Window":
        """Give the same window over a map that is padded already."""
        return replace(self, before=(0, 0), after=(0, 0))

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Size of the output, that of ``nn.Conv2d``."""
        sizes = [
            (side + self.before[a] + self.after[a] - self.reach[a] - 1) // self.stride[a] + 1
            for a, side in enumerate((height, width))
        ]
        if min(sizes) < 1:
            raise ValueError(
                f"the window {self.sides} at dilation {self.dilation} exceeds the padded map of {(height, width)}"
            )
        return sizes[0], sizes[1]

    def pad(self, x: Tensor, mode: str = "constant") -> Tensor:
        """Pad the last two axes with zeros, or by repeating the border (``mode="replicate"``)."""
        amounts = (self.before[1], self.after[1], self.before[0], self.after[0])
        if not any(amounts):
            return x
        if mode == "replicate" and min(amounts) < 0:
            raise ValueError("a border cannot be repeated by a negative amount")
        return F.pad(x, amounts, mode=mode)

    def taps(self, padded: Tensor) -> Iterator[Tensor]:
        """View the padded map once per tap, row by row of the window: (..., H_out, W_out) each."""
        height, width = self.unpadded().output_size(*padded.shape[-2:])
        for row in range(self.sides[0]):
            for column in range(self.sides[1]):
                top, left = row * self.dilation[0], column * self.dilation[1]
                bottom = top + (height - 1) * self.stride[0] + 1
                right = left + (width - 1) * self.stride[1] + 1
                yield padded[..., top : bottom : self.stride[0], left : right : self.stride[1]]

    def centre_tap(self, padded: Tensor) -> Tensor:
        """View the padded map at the centres of the windows."""
        height, width = self.unpadded().output_size(*padded.shape[-2:])
        top, left = self.reach[0] // 2, self.reach[1] // 2
        bottom, right = top + (height - 1) * self.stride[0] + 1, left + (width - 1) * self.stride[1] + 1
        return padded[..., top : bottom : self.stride[0], left : right : self.stride[1]]


@dataclass(frozen=True)
class Transposed:
    """Arguments of a transposed convolution and what they mean on the zero-inserted map."""

    sides: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    output_padding: tuple[int, int]
    dilation: tuple[int, int]

    @classmethod
    def of(
        cls, kernel_size: Size2d, stride: Size2d, padding: Size2d, output_padding: Size2d, dilation: Size2d
    ) -> "Transposed":
        """Read the arguments of ``nn.ConvTranspose2d``."""
        steps, spread = _checks.pair(stride, "stride"), _checks.pair(dilation, "dilation")
        extra = _checks.pair(output_padding, "output_padding", 0)
        if any(e >= max(s, d) for e, s, d in zip(extra, steps, spread, strict=True)):
            raise ValueError(f"output_padding must be smaller than stride or dilation, got {output_padding!r}")
        return cls(odd_window(kernel_size), steps, _checks.pair(padding, "padding", 0), extra, spread)

    def window(self) -> Window:
        """Window of stride 1 over the zero-inserted map."""
        rows, columns = reach(self.sides, self.dilation)
        before = (rows - self.padding[0], columns - self.padding[1])
        after = (before[0] + self.output_padding[0], before[1] + self.output_padding[1])
        return Window(self.sides, dilation=self.dilation, before=before, after=after)

    def guidance_window(self) -> Window:
        """Window of stride 1 over the guidance, which lies at the output's resolution."""
        margin = (self.dilation[0] * (self.sides[0] // 2), self.dilation[1] * (self.sides[1] // 2))
        return Window(self.sides, dilation=self.dilation, before=margin, after=margin)

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Size of the output, that of ``nn.ConvTranspose2d``."""
        inserted = ((height - 1) * self.stride[0] + 1, (width - 1) * self.stride[1] + 1)
        return self.window().output_size(*inserted)

    def input_size(self, height: int, width: int) -> tuple[int, int]:
        """Size of the input that gives an output of this size."""
        sizes = []
        for axis, side in enumerate((height, width)):
            taps = reach(self.sides, self.dilation)[axis]
            room = side - 1 - self.output_padding[axis] + 2 * self.padding[axis] - taps
            if room < 0 or room % self.stride[axis]:
                raise ValueError(f"no input at stride {self.stride} gives an output (guidance) of {(height, width)}")
            sizes.append(room // self.stride[axis] + 1)
        return sizes[0], sizes[1]

    def insert_zeros(self, x: Tensor) -> Tensor:
        """Put stride - 1 zeros between neighbouring pixels of (N, C, H, W)."""
        if self.stride == (1, 1):
            return x
        n, c, height, width = x.shape
        spread = F.pad(x[:, :, :, None, :, None], (0, self.stride[1] - 1, 0, 0, 0, self.stride[0] - 1))
        full = spread.reshape(n, c, height * self.stride[0], width * self.stride[1])
        return full[:, :, : (height - 1) * self.stride[0] + 1, : (width - 1) * self.stride[1] + 1]
