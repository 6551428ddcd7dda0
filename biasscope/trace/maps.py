"""Which tensors are stacks of maps: one position for every place of the picture, not attention, windows or tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from biasscope.trace.layer import Place, Size
from biasscope.trace.probe import GROWTH, Probe, Seen

Axes = tuple[int, int]
CHANNELS_FIRST, CHANNELS_LAST = (2, 3), (1, 2)
LAST = ("Linear", "LayerNorm", "linear", "layer_norm", "Permute")
"""Kinds that work on the last axis, so that channels are there if sizes do not tell."""
_SPATIAL = ("conv", "pool", "interpolate", "upsample", "shuffle", "mean")
_ATTENTION = ("softmax", "product_attention", "matmul", "bmm", "einsum")


@dataclass
class Maps:
    """Tensors that are maps, as they are met in the order of execution.

    Attributes
    ----------
    known
        Sizes of maps met so far.
    fixed
        Sizes that stay as they are when the picture grows.
    """

    side: Size
    known: set[Size] = field(default_factory=set)
    fixed: set[Size] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.known.add(self.side)

    def axes(self, shape: tuple[int, ...], after: tuple[int, ...], kind: str, module: bool) -> Axes | None:
        """Axes of rows and columns of a tensor, ``None`` where it is no stack of maps.

        Parameters
        ----------
        shape, after
            Of two pictures, and of one that is larger by `GROWTH` (empty where that was not seen).
        kind, module
            What gave it, and whether that is a module.
        """
        if len(shape) != 4 or shape[0] != 2 or min(shape) == 0:
            return None
        if len(after) != 4:
            found = self._by_sizes(shape, kind)
        elif after[0] != 1 or min(after) == 0:
            return None
        elif after[1:] == shape[1:]:
            found = self._unmoved(shape, kind, module)
        else:
            found = self._by_growth(shape, after)
        if found is not None:
            size = shape[found[0]], shape[found[1]]
            self.known.add(size)
            if after and after[1:] == shape[1:]:
                self.fixed.add(size)
        return found

    def _by_growth(self, shape: tuple[int, ...], after: tuple[int, ...]) -> Axes | None:
        """Rows and columns grow with the picture, channels do not."""
        for axes, channels in ((CHANNELS_FIRST, 1), (CHANNELS_LAST, 3)):
            pairs = [(shape[axis], after[axis]) for axis in axes]
            if shape[channels] != after[channels] or not all(big > small or big == 1 for small, big in pairs):
                continue
            grown = [_as_map(*pair, side) for pair, side in zip(pairs, self.side, strict=True) if pair[1] > 1]
            if all(grown):
                return axes
        return None

    def _unmoved(self, shape: tuple[int, ...], kind: str, module: bool) -> Axes | None:
        """What stays as it is was pooled to a size, or comes behind that."""
        if shape[1:3] in ((1, 1), *self.fixed) and kind in LAST:
            return CHANNELS_LAST
        if module or shape[2:] == (1, 1) or shape[2:] in self.fixed or _holds(kind, _SPATIAL):
            return CHANNELS_FIRST
        return None

    def _by_sizes(self, shape: tuple[int, ...], kind: str) -> Axes | None:
        """Without a larger picture: sides as met before, or those divided by one number."""
        if _holds(kind, _ATTENTION):
            return None
        order = (CHANNELS_LAST, CHANNELS_FIRST) if kind in LAST else (CHANNELS_FIRST, CHANNELS_LAST)
        sizes = {axes: (shape[axes[0]], shape[axes[1]]) for axes in order}
        for axes, size in sizes.items():
            if size in self.known:
                return axes
        if _holds(kind, _SPATIAL) or shape[2:] == (1, 1):
            return CHANNELS_FIRST
        for axes, size in sizes.items():
            if any(_divided(size, other) for other in self.known):
                return axes
        return None


def _holds(kind: str, parts: Sequence[str]) -> bool:
    return any(part in kind.lower() for part in parts)


def _as_map(small: int, big: int, side: int) -> bool:
    """Whether a side grows as that of a map; the number of tokens grows with the square of the picture's side."""
    linear = (side + GROWTH) / side
    stride = GROWTH / (big - small)
    squared = abs(big / small / linear**2 - 1) < 0.06 and linear > 1.2
    return not squared and (stride >= 1 or small * stride >= side / 2)


def _divided(size: Size, other: Size) -> bool:
    """Whether both sides are those of another map by one whole number, up to rounding."""
    number = round(other[0] / size[0])
    return number > 1 and all(abs(big / number - small) < 1 for small, big in zip(size, other, strict=True))


@dataclass(frozen=True)
class Found:
    """Axes of the maps that every place gave and read, ``None`` where it read none; other tensors; those not real."""

    axes: dict[Place, Axes]
    incoming: dict[Place, Axes | None]
    others: tuple[Seen, ...]
    unreal: tuple[Seen, ...] = ()


def maps_of(found: Probe) -> Found:
    """Tell maps from other tensors with four axes, for everything that a network gave.

    Notes
    -----
    A map belongs to one picture (first axis), and its sides grow with the picture's sides, channels do not. Where the
    network takes pictures of one size only, sides must be those of maps met before, or these divided by a number.
    """
    maps = Maps(found.side)
    axes: dict[Place, Axes] = {}
    incoming: dict[Place, Axes | None] = {}
    others, unreal = [], []
    for row in found.seen:
        if not row.real:
            unreal += [row] if len(row.shape) == 4 else []
            continue
        after, before = found.grown.get(row.place, ((), ()))
        incoming[row.place] = maps.axes(row.incoming, before, row.kind, module=False)
        single = found.single.get(row.place, 1) == 1
        made = maps.axes(row.shape, after, row.kind, row.module is not None) if single else None
        if made is not None:
            axes[row.place] = made
        elif len(row.shape) == 4:
            others.append(row)
    return Found(axes, incoming, tuple(others), tuple(unreal))
