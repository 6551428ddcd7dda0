"""What is known about a traced place before anything is measured there."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor, nn

Size = tuple[int, int]
Stride = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class Place:
    """Where a map comes from in one forward pass.

    Attributes
    ----------
    name
        Name of the module; of a function, the module whose ``forward`` calls it and the function, ``block:relu``.
    call
        Which call of it in the pass, from 0.
    item
        Which tensor of its output, from 0.
    dense
        Whether what counts is not the output but what the module would give at stride 1.
    """

    name: str
    call: int = 0
    item: int = 0
    dense: bool = False


@dataclass(frozen=True, eq=False)
class Layer:
    """A place whose output is a stack of maps.

    Attributes
    ----------
    name
        As people read it: the module's name, ``#2`` for its second call, ``[1]`` for its second tensor, ``:max`` for
        the dense form of a max pool.
    kind
        Name of the module's class, or of the function.
    place
        Where it is.
    module
        The module, ``None`` for a function.
    channels, size
        Of the maps: channels and (rows, columns).
    axes
        Axes of rows and columns in the output, (2, 3), or (1, 2) where channels come last.
    stride
        Cumulative stride (vertical, horizontal): pixels of the picture from one position of the map to the next. A
        fraction below 1 behind upsampling, ``None`` behind a global pool.
    grid
        The same, and behind a global pool that of the maps before it: what phases are counted by.
    ratio
        Side of the picture by side of the map, the other definition of the subsampling factor.
    factor
        What this layer alone divides the number of positions by, (1, 1) if it does not subsample.
    coming
        Factor of the next subsampling of maps of this stride; ``None`` if there is none.
    """

    name: str
    kind: str
    place: Place
    module: nn.Module | None
    channels: int
    size: Size
    axes: tuple[int, int]
    stride: Stride | None
    grid: Stride
    ratio: tuple[float, float]
    factor: Size = (1, 1)
    coming: Size | None = None

    @property
    def subsampling(self) -> bool:
        """Whether positions get fewer here (a global pool does not count)."""
        return max(self.factor) > 1

    def maps(self, output: Tensor) -> Tensor:
        """View of an output as (N, C, H, W)."""
        return output if self.axes == (2, 3) else output.movedim(3, 1)
