"""Overlap of every layer of a model and of the whole stack, forward and in the gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor, nn

from biasscope.upsampling.chains import before_cuts, behind_cuts, chains, main_chain
from biasscope.upsampling.overlap import Overlap, overlap
from biasscope.upsampling.passage import Passage, Refused
from biasscope.upsampling.record import record
from biasscope.upsampling.step import Step

NOTHING = "nothing to analyse: no layer of the model has more positions behind it than in front"


@dataclass(frozen=True)
class Structure:
    """What the geometry of a model does.

    Attributes
    ----------
    forward
        Every layer that upsamples, alone.
    composed
        Every layer that upsamples with everything before it, and last the whole stack up to the output; both begin
        behind the last place that cannot be followed.
    backward
        Every layer that subsamples, alone: how often its gradient writes each position in front of it.
    backward_strided
        The subsampling layers of the longest way together, without the layers in between.
    backward_composed
        All layers of the longest way together; both end at the first place that cannot be followed.
    refused
        Places that change the number of positions and have no phases, with the reason.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(4, 1, 3, 2, 1, 1))
    >>> from biasscope.upsampling import structure
    >>> found = structure(net, torch.zeros(1, 1, 8, 8))
    >>> [layer.name for layer in found.forward], [layer.name for layer in found.backward]
    (['2'], ['0'])
    """

    forward: tuple[Overlap, ...]
    composed: tuple[Overlap, ...]
    backward: tuple[Overlap, ...]
    backward_strided: Overlap | None
    backward_composed: Overlap | None
    refused: tuple[Refused, ...] = ()

    @property
    def finding(self) -> str:
        """What there is, in one sentence."""
        if not self.forward:
            return self.nothing
        uneven = [layer.name for layer in self.forward if not layer.uniform]
        total = len(self.forward)
        if not uneven:
            return f"all {total} layers that upsample write evenly by their geometry"
        return f"{len(uneven)} of {total} layers that upsample write unevenly by their geometry: {', '.join(uneven)}"

    @property
    def spread(self) -> tuple[Refused, ...]:
        """Places that write more positions than they read and have no phases."""
        return tuple(one for one in self.refused if one.grows)

    @property
    def nothing(self) -> str:
        """Why there is nothing to analyse: no layer upsamples, or those that do have no phases."""
        if not self.spread:
            return NOTHING
        first = self.spread[0]
        more = f" (and {len(self.spread) - 1} more)" if len(self.spread) > 1 else ""
        return f"nothing to analyse by phases: {first.name or 'the model'} spreads positions{more}: {first.reason}"


def structure(model: nn.Module, *inputs: Tensor) -> Structure:
    """Overlap of a model's layers, found by recording one forward pass.

    Parameters
    ----------
    model
        Any module; functions called in its forward are found too.
    inputs
        What its forward takes; the values do not matter.

    Returns
    -------
        Overlap of layers and of stacks, forward and backward.

    Notes
    -----
    Source: Odena et al., "Deconvolution and checkerboard artifacts", Distill 2016.

    Examples
    --------
    >>> import torch
    >>> net = nn.Sequential(nn.ConvTranspose2d(1, 1, 3, 2), nn.ConvTranspose2d(1, 1, 4, 2))
    >>> found = structure(net, torch.zeros(1, 1, 4, 4))
    >>> [layer.ratio for layer in found.forward], found.composed[-1].counts[0]
    ([4.0, 1.0], (3, 3, 3, 3))
    """
    return structure_of(record(model, *inputs))


def structure_of(passage: Passage) -> Structure:
    """Overlaps of a recorded pass."""
    events = [event for event in passage.events if event.step is not None]
    forward = tuple(overlap(event.step) for event in events if event.step and event.step.upsamples)
    backward = tuple(
        overlap(event.step, direction="backward") for event in events if event.step and event.step.subsamples
    )
    chain = main_chain(passage)
    first = before_cuts(chain)
    return Structure(
        forward, _composed(passage, behind_cuts(chain)), backward, _backward(_strided(first)), _backward(first),
        tuple(passage.refused),
    )  # fmt: skip


def _composed(passage: Passage, chain: Sequence[Step]) -> tuple[Overlap, ...]:
    ways = chains(passage)
    found = [
        stack(behind_cuts(ways[event.outputs[0]]))
        for event in passage.events
        if event.step is not None and event.step.upsamples and event.outputs[0] in ways
    ]
    if any(step.upsamples for step in chain):
        found.append(replace(stack(chain), name="output"))
    return tuple(found)


def stack(chain: Sequence[Step]) -> Overlap:
    """Overlap of the steps from the first that upsamples on; what is before leaves a constant constant."""
    first = next((place for place, step in enumerate(chain) if step.upsamples), len(chain))
    dims = chain[first].dims if first < len(chain) else 0
    return replace(overlap([step for step in chain[first:] if step.dims == dims]), kind="stack")


def _strided(chain: Sequence[Step]) -> list[Step]:
    return [step for step in chain if step.subsamples]


def _backward(chain: Sequence[Step]) -> Overlap | None:
    last = max((place for place, step in enumerate(chain) if step.subsamples), default=-1)
    if last < 0:
        return None
    dims = chain[last].dims
    return overlap([step for step in chain[: last + 1] if step.dims == dims], direction="backward")
