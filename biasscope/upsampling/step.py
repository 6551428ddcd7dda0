"""One step of a forward pass that spreads or gathers positions, and what it does to a periodic line of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import gcd

Line = tuple[float, ...]
"""One period of a signal along one axis."""


@dataclass(frozen=True)
class Step:
    """A layer seen as weights of one everywhere: where it writes, and how often.

    Attributes
    ----------
    name
        Module that called it; ``module:function`` where a function was called in the forward of a larger module.
    kind
        ``conv_transpose2d``, ``interpolate nearest``, ``pixel_shuffle``, ``conv2d``, ``max_pool2d``, ``pad`` and so on.
    grows
        Whether it spreads every input position over several outputs (otherwise it gathers).
    taps
        Weight of every tap, along each axis: ones, or the fixed weights of a resize or a blur.
    stride, dilation, padding, output_padding
        Along each axis; padding is what lies before (of a step that grows: what is cut off before).
    note
        What cannot be said about it exactly.

    Notes
    -----
    Convention, along one axis: a step that grows adds ``taps[j] * x[i]`` to output ``i * stride + j * dilation -
    padding``; one that gathers gives output y the sum of ``taps[j] * x[y * stride + j * dilation - padding]``. With the
    same numbers each is the other's transpose, so the gradient of one is the other.

    Examples
    --------
    >>> from biasscope.upsampling import layer_step
    >>> step = layer_step(3, 2, padding=1)
    >>> step.taps, step.stride, step.grows
    (((1, 1, 1),), (2,), True)
    """

    name: str
    kind: str
    grows: bool
    taps: tuple[Line, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[int, ...]
    output_padding: tuple[int, ...] = ()
    note: str = ""

    @property
    def dims(self) -> int:
        """Number of spatial axes."""
        return len(self.taps)

    @property
    def kernel(self) -> tuple[int, ...]:
        """Taps along each axis."""
        return tuple(map(len, self.taps))

    @property
    def upsamples(self) -> bool:
        """Whether there are more positions after it."""
        return self.grows and max(self.stride, default=1) > 1

    @property
    def subsamples(self) -> bool:
        """Whether there are fewer positions after it."""
        return not self.grows and max(self.stride, default=1) > 1

    @property
    def cut(self) -> bool:
        """Whether it stands for a place across which nothing is known."""
        return not self.taps

    @property
    def transpose(self) -> Step:
        """The step that its gradient is."""
        return replace(self, grows=not self.grows)

    def through(self, line: Sequence[float], axis: int) -> Line:
        """Send one period of a signal through, along one axis; exact for whole numbers.

        Examples
        --------
        >>> three_by_two = layer_step(kernel=3, stride=2)
        >>> three_by_two.through((1,), 0), three_by_two.through((2, 1), 0)
        ((2, 1), (3, 2, 3, 1))
        """
        taps, stride = self.taps[axis], self.stride[axis]
        places = [tap * self.dilation[axis] - self.padding[axis] for tap in range(len(taps))]
        period = len(line)
        if self.grows:
            out: list[float] = [0] * (period * stride)
            for i, value in enumerate(line):
                for tap, place in zip(taps, places, strict=True):
                    out[(i * stride + place) % len(out)] += tap * value
            return tuple(out)
        return tuple(
            sum(tap * line[(y * stride + place) % period] for tap, place in zip(taps, places, strict=True))
            for y in range(period // gcd(period, stride))
        )


def layer_step(
    kernel: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    *,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    grows: bool = True,
    dims: int | None = None,
    name: str = "",
    kind: str = "",
) -> Step:
    """Step of a layer from its geometry.

    Parameters
    ----------
    kernel, stride, padding, output_padding, dilation
        As in ``nn.ConvTranspose2d`` (``grows``) or ``nn.Conv2d``; one number or one along each axis.
    grows
        Transposed convolution (otherwise a convolution or pool).
    dims
        Axes; as many as the longest argument has, otherwise one.
    name, kind
        Words for tables.

    Returns
    -------
        The layer with weights of one everywhere.

    Examples
    --------
    >>> layer_step(kernel=4, stride=2, padding=1, dims=2).kernel
    (4, 4)
    """
    given = (kernel, stride, padding, output_padding, dilation)
    axes = dims or max(len(value) if isinstance(value, Sequence) else 1 for value in given)
    sides, strides, front, behind, spread = (along(value, axes) for value in given)
    taps: tuple[Line, ...] = tuple((1,) * side for side in sides)
    return Step(name, kind or ("transposed" if grows else "strided"), grows, taps, strides, spread, front, behind)


def along(value: int | Sequence[int], dims: int) -> tuple[int, ...]:
    """One number for every axis.

    >>> along(2, 3), along((1, 2), 2)
    ((2, 2, 2), (1, 2))
    """
    values = [value] * dims if isinstance(value, int) else [int(part) for part in value]
    return tuple(values * dims if len(values) == 1 else values)


def sided(sides: Sequence[int]) -> str:
    """Sides in words.

    >>> sided((8, 9))
    '8 x 9'
    """
    return " x ".join(map(str, sides))
