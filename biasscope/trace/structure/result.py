"""How a network samples a picture, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from biasscope.core.results import Cell
from biasscope.trace.layered import Layered
from biasscope.trace.structure.statement import ROUNDING, statement

Pair = tuple[float, float]


@dataclass(frozen=True)
class LayerStructure:
    """One layer; pairs are (vertical, horizontal).

    Attributes
    ----------
    name, kind, depth, channels, height, width
        As in `biasscope.trace.LayerTrace`; (height, width) is the grid of positions.
    stride
        Cumulative stride in pixels: the product of strides. ``None`` behind a global pool.
    offset
        Centre of what the first position sees, in pixels from the centre of the first pixel. ``None`` if not known.
    subsampling, factor
        Whether positions get fewer here, and by what.
    ratio
        Side of the picture by side of the map, the other definition of the subsampling factor.
    receptive_field
        Extent in pixels, ``None`` if not known or behind a global pool.
    gridding
        Share of the pixels within the receptive field that are left out: 0 without gaps.
    method
        How the receptive field was found: ``"graph"``, ``"gradient"`` (then it ends where the picture ends) or empty.
    invariant_share
        1 / s^2: share of translations at which invariance can be expected, where s is the largest product of strides
        up to here (upsampling brings nothing back); 1 where every phase was chosen by the content.

    Examples
    --------
    >>> import torch
    >>> from biasscope.trace import structure
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, 2, 1), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    >>> found = structure(net, torch.zeros(1, 3, 32, 32))
    >>> found["0"].stride, found["0"].receptive_field, found["0"].seen
    ((2.0, 2.0), (3, 3), 1.0)
    """

    name: str
    kind: str
    depth: int
    channels: int
    height: int
    width: int
    stride: Pair | None
    offset: Pair | None
    subsampling: bool
    factor: tuple[int, int]
    ratio: Pair
    receptive_field: tuple[int, int] | None
    gridding: float | None
    method: str
    invariant_share: float | None

    @property
    def seen(self) -> float | None:
        """Share of the pixels within the receptive field that are seen: 1 less the gridding."""
        return None if self.gridding is None else 1 - self.gridding

    def columns(self) -> dict[str, Any]:
        """Everything as plain values; a pair is two columns."""
        return {
            "layer": self.name,
            "kind": self.kind,
            "depth": self.depth,
            "channels": self.channels,
            "height": self.height,
            "width": self.width,
            **_two("stride", self.stride),
            **_two("offset", self.offset),
            "subsampling": self.subsampling,
            **_two("ratio", self.ratio),
            **_two("receptive_field", self.receptive_field),
            "gridding": self.gridding,
            "method": self.method,
            "invariant_share": self.invariant_share,
        }


@dataclass(frozen=True)
class Tail:
    """How the classifier reads the last map.

    Attributes
    ----------
    kind
        ``"pooling"`` if the answer does not depend on where things are in the map, ``"flatten"`` if it does, empty if
        that could not be tried.
    layer
        Name of the layer that gives the last map.
    swap_error
        Relative change of the answer when its positions change places; exactly 0 for pooling.

    Examples
    --------
    >>> import torch
    >>> from biasscope.trace import structure
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, 2, 1), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    >>> found = structure(net, torch.zeros(1, 3, 32, 32))
    >>> found.tail.kind, found.tail.swap_error
    ('pooling', 0.0)
    """

    kind: str
    layer: str
    swap_error: float | None


@dataclass(frozen=True)
class Structure(Layered[LayerStructure]):
    """How a network samples a picture.

    Attributes
    ----------
    layers
        In order of execution.
    tail
        How the classifier reads the last map.
    last
        The last layer whose maps have more than one position, ``None`` if there is none.
    size
        Of the picture, (H, W).
    passed
        Largest product of strides that the picture passes through on its way, (vertical, horizontal).
    phase
        How positions are chosen where they get fewer: ``"fixed"``, ``"content"`` where polyphase layers choose, or
        empty where nothing subsamples.
    circular_error
        Where the phase is chosen by the content: largest relative L2 change of the answer over a few circular shifts.
    model, parameters, notes
        Label of the network, what decided the numbers, what people should know.

    Examples
    --------
    >>> import torch
    >>> from biasscope.trace import structure
    >>> net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3, 2, 1), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    >>> found = structure(net, torch.zeros(1, 3, 32, 32))
    >>> found.stride_product, found.divisible, found.invariant_share
    (2.0, True, 0.25)
    """

    layers: tuple[LayerStructure, ...]
    tail: Tail
    last: LayerStructure | None
    size: tuple[int, int]
    model: str = ""
    parameters: Mapping[str, Cell] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    passed: Pair | None = None
    phase: str = "fixed"
    circular_error: float | None = None

    @property
    def stride_product(self) -> float | None:
        """Largest product of strides on the way, the larger of both axes."""
        return None if self.last is None or self.passed is None else max(self.passed)

    @property
    def size_ratio(self) -> float | None:
        """Side of the picture by side of the last map, the larger of both axes."""
        return None if self.last is None else max(self.last.ratio)

    @property
    def exact(self) -> bool:
        """Whether the phase is chosen by the content, and the answer stays the same under circular shifts."""
        return self.phase == "content" and self.circular_error is not None and self.circular_error < ROUNDING

    @property
    def divisible(self) -> bool:
        """Whether the sides of the picture are multiples of the products of strides."""
        return self.passed is None or all(side % step == 0 for side, step in zip(self.size, self.passed, strict=True))

    @property
    def invariant_share(self) -> float | None:
        """Share of translations at which the answer can be expected to stay exactly the same."""
        if self.last is None or self.passed is None:
            return None
        return 1.0 if self.exact else 1 / (self.passed[0] * self.passed[1])

    @property
    def statement(self) -> str:
        """What that means, in a sentence."""
        return statement(self)

    def __str__(self) -> str:
        return self.statement


def _two(name: str, pair: Any) -> dict[str, Any]:
    vertical, horizontal = pair or (None, None)
    return {f"{name}_y": vertical, f"{name}_x": horizontal}
