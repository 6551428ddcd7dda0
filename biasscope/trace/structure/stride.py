"""Cumulative stride of every layer, by letting the picture grow and watching how the maps grow."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from torch import Tensor, nn

from biasscope.trace.layer import Place, Size, Stride
from biasscope.trace.maps import Axes, maps_of
from biasscope.trace.probe import GROWTH, Probe, Seen, looked_at, unwrap

KEPT = ("pad", "roll")
"""Functions that give positions as far apart as those that they read."""


@dataclass(frozen=True)
class LayerStride:
    """How densely a layer samples the picture.

    Attributes
    ----------
    axes
        Axes of rows and columns, (2, 3), or (1, 2) where channels come last.
    product
        Pixels from one position to the next (the product of strides), ``None`` behind a global pool.
    incoming
        The same in front of this layer, ``None`` where that is not known.
    grid
        The product, and behind a global pool the last one before.
    ratio
        Side of the picture by side of the map; 44.8 where the product of strides is 32, say.
    method
        ``"growth"``, or ``"sizes"`` where the network takes pictures of one size only and the product is that of the
        rounded ratios of sizes, layer by layer.

    Examples
    --------
    >>> import torch
    >>> from biasscope.trace import layer_strides
    >>> found = layer_strides(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, 2, 1)), torch.zeros(1, 3, 32, 32))
    >>> found["0"].factor
    (2, 2)
    """

    axes: tuple[int, int]
    product: Stride | None
    incoming: Stride | None
    grid: Stride
    ratio: tuple[float, float]
    method: str

    @property
    def factor(self) -> Size:
        """What this layer alone divides the number of positions by; (1, 1) where it does not, or is a global pool."""
        if self.product is None or self.incoming is None:
            return 1, 1
        below, above = (round(out / into) for out, into in zip(self.product, self.incoming, strict=True))
        return max(below, 1), max(above, 1)


def layer_strides(model: nn.Module, example: Tensor) -> dict[str, LayerStride]:
    """Strides of every module that gives maps, by its name (of its last call if it has several).

    Parameters
    ----------
    model
        The network.
    example
        One picture, (1, C, H, W).

    Returns
    -------
        By name, in order of execution.

    Raises
    ------
    UsageError
        The network's forward raises an error; that is its cause.

    Notes
    -----
    With 192 more pixels a map of stride s has 192/s more positions, whatever the padding and rounding in between;
    where the ratio is not whole (strides that 192 is no multiple of) the nearest whole number counts.

    Examples
    --------
    >>> import torch
    >>> net = nn.Sequential(nn.Conv2d(3, 4, 7, 2), nn.MaxPool2d(3, 2), nn.Upsample(scale_factor=2))
    >>> found = layer_strides(net, torch.zeros(1, 3, 32, 32))
    >>> [str(found[name].product[0]) for name in "012"], found["1"].factor, round(found["1"].ratio[0], 2)
    (['2', '4', '2'], (2, 2), 5.33)
    """
    found = looked_at(unwrap(model), example)
    return {place.name: stride for place, stride in strides(found).items() if place.item == 0}


def strides(found: Probe) -> dict[Place, LayerStride]:
    """Stride of every place that gave maps of two pictures, in order."""
    known: dict[Size, Stride] = {found.side: (Fraction(1), Fraction(1))}
    result: dict[Place, LayerStride] = {}
    last = Last((Fraction(1), Fraction(1)), found.side)
    maps = maps_of(found)
    for item in found.seen:
        if item.place in maps.axes:
            made = _stride(item, found, known, last, (maps.axes[item.place], maps.incoming[item.place]))
            result[item.place] = made
            if made.product is not None:
                last = Last(made.product, _at(item.shape, made.axes))
                known[last.size] = made.product
    return result


class Last(NamedTuple):
    """Stride and size of the last maps with more than one position; at first those of the picture."""

    stride: Stride
    size: Size


def _stride(
    item: Seen, found: Probe, known: dict[Size, Stride], last: Last, both: tuple[Axes, Axes | None]
) -> LayerStride:  # fmt: skip
    after, before = found.grown.get(item.place, ((), ()))
    axes, read = both
    size = _at(item.shape, axes)
    inside, incoming = last.size, known.get(size)  # windows, attention: of maps of this size, if there were such
    if read is not None:
        inside = _at(item.incoming, read)
        incoming = _likelier(_grown(item.incoming, before, read), known.get(inside), inside, found.side)
    elif len(item.incoming) != 4:
        incoming = incoming or last.stride  # tokens: of the last maps
    product = _grown(item.shape, after, axes)
    if product is not None:
        alike = size if read is None else inside if item.kind in KEPT else None  # maps whose positions are as far apart
        product = (known.get(alike) if alike else None) or _likelier(product, known.get(size), size, found.side)
    method = "growth"
    if product is None and max(size) > 1:
        product, method = known.get(size) if read is None else None, "sizes"
        product = product or _by_sizes(inside if incoming else found.side, size, incoming)
    ratio = found.side[0] / size[0], found.side[1] / size[1]
    return LayerStride(axes, product, incoming, product or last.stride, ratio, method)


def _at(shape: tuple[int, ...], axes: tuple[int, int]) -> Size:
    return shape[axes[0]], shape[axes[1]]


def _grown(shape: tuple[int, ...], after: tuple[int, ...], axes: tuple[int, int]) -> Stride | None:
    """Stride from how much a map grew; ``None`` if it did not."""
    if len(shape) != 4 or len(after) != 4:
        return None
    growth = [after[axis] - shape[axis] for axis in axes]
    if min(growth) <= 0:
        return None
    return _whole(Fraction(GROWTH, growth[0])), _whole(Fraction(GROWTH, growth[1]))


def _likelier(grown: Stride | None, before: Stride | None, size: Size, side: Size) -> Stride | None:
    """Stride of a map by its growth, or that of an earlier map of this size, if that alone makes up the picture.

    The larger picture may have been padded to whole windows, which is more growth than the stride's own.
    """

    def whole(stride: Stride) -> bool:
        return all(abs(count * step - length) <= step for count, step, length in zip(size, stride, side, strict=True))

    if grown is None or before is None:
        return grown or before
    return before if whole(before) and not whole(grown) else grown


def _whole(stride: Fraction) -> Fraction:
    """Nearest whole number above 1, and nearest reciprocal of one below."""
    return Fraction(round(stride)) if stride >= 1 else Fraction(1, round(1 / stride))


def _by_sizes(inside: Size, size: Size, incoming: Stride | None) -> Stride:
    known = incoming or (Fraction(1), Fraction(1))
    vertical, horizontal = (
        stride * _whole(Fraction(max(before, 1), after))
        for before, after, stride in zip(inside, size, known, strict=True)
    )
    return vertical, horizontal
