"""What a forward pass consisted of: its calls, places that cannot be followed, what entered and what left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from torch import Tensor

from biasscope.models.outputs import tensors
from biasscope.upsampling.step import Step


@dataclass(frozen=True)
class Event:
    """One call of a function.

    Attributes
    ----------
    function
        Its name.
    inputs, outputs
        Numbers of the values read and made.
    step
        What it does to positions; ``None`` where it keeps every one.
    weight, bias, groups
        Of a convolution.
    name
        As in `Step`.
    channels
        Of what it makes.
    cut
        Whether positions change in a way that is not known, so that nothing is known across it.
    """

    function: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    name: str = ""
    step: Step | None = None
    weight: Tensor | None = None
    bias: Tensor | None = None
    groups: int = 1
    channels: int = 0
    cut: bool = False


@dataclass(frozen=True)
class Refused:
    """A place that changes the number of positions and cannot be analysed, and why.

    Attributes
    ----------
    name, kind
        As in `Step`.
    reason
        In words.
    grows
        Whether there are more positions behind it (otherwise fewer).

    Examples
    --------
    >>> import torch
    >>> from biasscope.upsampling import record
    >>> found = record(torch.nn.AdaptiveAvgPool2d(5), torch.zeros(1, 1, 8, 8)).refused[0]
    >>> found.kind, found.grows
    ('adaptive_avg_pool2d', False)
    """

    name: str
    kind: str
    reason: str
    grows: bool = True


@dataclass
class Passage:
    """One forward pass.

    Attributes
    ----------
    events
        In order.
    refused
        Places that have no phases.
    sources, results
        Numbers of the values that entered and left the model.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(4, 1, 3, 2, 1, 1))
    >>> from biasscope.upsampling import record
    >>> [step.name for step in record(net, torch.zeros(1, 1, 8, 8)).steps]
    ['0', '2']
    """

    events: list[Event] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    sources: tuple[int, ...] = ()
    results: tuple[int, ...] = ()

    def maker(self, value: int) -> Event | None:
        """Call that made a value."""
        return next((event for event in reversed(self.events) if value in event.outputs), None)

    @property
    def steps(self) -> list[Step]:
        """Everything that spreads, gathers or moves positions, in order."""
        return [event.step for event in self.events if event.step is not None]


def answer(thing: Any) -> Tensor | None:
    """What counts as a model's output: the entry ``out`` of a dictionary, else its first maps, else its first tensor.

    Complex numbers do not count: they have no order that a pattern could be seen in.

    >>> import torch
    >>> answer({"aux": torch.zeros(3), "out": torch.zeros(1, 2, 4, 4)}).shape
    torch.Size([1, 2, 4, 4])
    """
    if isinstance(thing, dict) and isinstance(thing.get("out"), Tensor) and not thing["out"].is_complex():
        return cast(Tensor, thing["out"])
    found = [one for one in tensors(thing) if not one.is_complex()]
    return next((one for one in found if one.dim() > 2), found[0] if found else None)
