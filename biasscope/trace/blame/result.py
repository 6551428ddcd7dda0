"""What patching found: which layer is to blame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasscope.core.results import Cell
from biasscope.trace.estimate import Estimate
from biasscope.trace.layered import Layered


@dataclass(frozen=True)
class LayerBlame:
    """One layer.

    Attributes
    ----------
    name, kind, depth, height, width, stride
        As in `biasscope.trace.LayerTrace`.
    subsampling
        Whether positions get fewer here.
    complete
        Whether everything passes through it. Layers in a branch are not: what a parallel branch does stays.
    exact
        Share of the shifts that move its maps by whole positions; the others are moved in the Fourier domain.
    effect
        Share of the change of the target's logit that disappears when the layer gives the moved reference response:
        what all layers up to this one did.
    blame
        Rise of the effect over the last complete layer before it: what this layer did, and with it what the layers in
        branches that it gathers did.
    probability_effect
        The same as ``effect`` for the target's probability.
    restored
        Share of the changed answers that become the reference's answer again.
    first_order
        The effect as the gradient sees it; ``None`` if it was not asked for.
    rank
        1 for the most blame, among complete layers that gather no others and whose blame has an interval above 0: the
        order of the others would be noise.
    gathered
        Whether layers in branches end here that are no part of it: then its blame is that of everything up to here.

    Examples
    --------
    >>> import torch
    >>> from biasscope.trace import blame
    >>> layers = torch.nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular"), torch.nn.ReLU(), torch.nn.MaxPool2d(2)
    >>> net = torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    >>> found = blame(net, torch.rand(4, 1, 8, 8), [(0, 1)])
    >>> found["0"].complete, abs(round(found["0"].blame.value, 3))
    (True, 0.0)
    """

    name: str
    kind: str
    depth: int
    height: int
    width: int
    stride: tuple[float, float] | None
    subsampling: bool
    complete: bool
    exact: float
    effect: Estimate
    blame: Estimate
    probability_effect: Estimate
    restored: Estimate
    first_order: Estimate
    rank: int | None
    gathered: bool = False

    def columns(self) -> dict[str, Any]:
        """Everything as plain values; an interval is two columns."""
        vertical, horizontal = self.stride or (None, None)
        return {
            "layer": self.name,
            "kind": self.kind,
            "depth": self.depth,
            "height": self.height,
            "width": self.width,
            "stride": vertical,
            "stride_horizontal": horizontal,
            "subsampling": self.subsampling,
            "complete": self.complete,
            "gathered": self.gathered,
            "exact": self.exact,
            "effect": self.effect.value,
            "low": self.effect.low,
            "high": self.effect.high,
            "n": self.effect.n,
            "blame": self.blame.value,
            "blame_low": self.blame.low,
            "blame_high": self.blame.high,
            "probability_effect": self.probability_effect.value,
            "restored": self.restored.value,
            "first_order": self.first_order.value,
            "rank": self.rank,
        }


@dataclass(frozen=True)
class Pair:
    """A picture and one shift: the answers (class numbers), and how the target's logit and probability changed."""

    image_id: str
    dy: float
    dx: float
    answer_before: int
    answer_after: int
    change: float
    probability_change: float


@dataclass(frozen=True, eq=False)
class Blame(Layered[LayerBlame]):
    """Which layer is to blame that an answer changes with a shift.

    Attributes
    ----------
    layers
        In order of execution.
    tail
        Share of the change that is left behind the last complete layer: what the classifier does itself (nothing, if
        it pools).
    pairs
        Every picture with every shift.
    effects
        Logits removed, (layers, images, shifts), with the sign of the change, for comparisons pair by pair.
    model, protocol, images
        Label of the network, name of the protocol, number of images.
    parameters, notes, problems
        What decided the numbers, what people should know, pictures that were left out.
    outputs
        How many numbers the network gives a picture; one is read as the logit of answer 1, and with the
        other sign as that of answer 0.

    Examples
    --------
    >>> import torch
    >>> from biasscope.trace import blame
    >>> layers = torch.nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular"), torch.nn.ReLU(), torch.nn.MaxPool2d(2)
    >>> net = torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    >>> found = blame(net, torch.rand(4, 1, 8, 8), [(0, 1)])
    >>> found["2"].subsampling, round(found["2"].effect.value, 3), len(found.pairs)
    (True, 1.0, 4)
    """

    layers: tuple[LayerBlame, ...]
    tail: Estimate
    pairs: tuple[Pair, ...]
    effects: NDArray[np.float64]
    model: str
    protocol: str
    images: int
    parameters: Mapping[str, Cell] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problems: tuple[Any, ...] = ()
    outputs: int = 0

    @property
    def ranking(self) -> list[LayerBlame]:
        """Layers with a rank, most blame first."""
        return sorted((layer for layer in self.layers if layer.rank is not None), key=lambda layer: layer.rank or 0)

    def __str__(self) -> str:
        rows = [f"{one.name}: effect {_shown(one.effect)}, blame {_shown(one.blame)}" for one in self.layers]
        return "\n".join([*rows, f"behind the last layer: {_shown(self.tail)}"])


def _shown(estimate: Estimate) -> str:
    if estimate.value is None:
        return "undefined"
    interval = "" if estimate.low is None else f" [{estimate.low:.3f}, {estimate.high:.3f}]"
    return f"{estimate.value:.3f}{interval}"
