"""Everything about the upsampling of one model, in one call."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.core.progress import Progress
from biasscope.upsampling.gradient import GradientEnergy, gradient_energy
from biasscope.upsampling.layer_patterns import LayerPattern, patterns_of
from biasscope.upsampling.layers import LayerWeights, weights_of
from biasscope.upsampling.passage import Passage, Refused
from biasscope.upsampling.phases import fitting
from biasscope.upsampling.record import record
from biasscope.upsampling.response import StepResponse, response_of
from biasscope.upsampling.structure import Structure, structure_of
from biasscope.upsampling.watch import Maps, watch

AS_TAKEN = "Give pictures as its forward takes them."
"""What to do where a model cannot be run; who has made the pictures knows better."""


@dataclass(frozen=True)
class Analysis:
    """Upsampling of one model.

    Attributes
    ----------
    structure
        Overlap of layers and stacks, forward and backward.
    weights
        DC gains of every layer that upsamples, in order.
    patterns
        Patterns of every layer that upsamples, and of the output, on the pictures.
    response
        Answers to constant pictures; ``None`` where `notes` say why.
    gradients
        Energy of gradients by phase; ``None`` without subsampling, or where `notes` say why.
    pictures
        Number of pictures.
    notes
        What is missing and why.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(4, 1, 3, 2, 1, 1))
    >>> from biasscope.upsampling import analyse
    >>> found = analyse(net, torch.rand(4, 1, 32, 32), draws=19)
    >>> [layer.name for layer in found.patterns], found.pictures
    (['2', 'output'], 4)
    """

    structure: Structure
    weights: tuple[LayerWeights, ...]
    patterns: tuple[LayerPattern, ...]
    response: StepResponse | None
    gradients: GradientEnergy | None
    pictures: int
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing upsamples and nothing subsamples."""
        return not self.structure.forward and not self.structure.backward

    @property
    def finding(self) -> str:
        """What there is, in one sentence."""
        return self.structure.finding

    @property
    def refused(self) -> tuple[Refused, ...]:
        """Places without phases."""
        return self.structure.refused


def analyse(
    model: nn.Module,
    pictures: Tensor,
    *,
    batch: int = 16,
    channels: int = 16,
    margin: int | None = None,
    draws: int = 199,
    heads: int = 4,
    seed: int = 0,
    progress: Progress | None = None,
) -> Analysis:
    """Find what a model's upsampling layers, and the gradients of its strided layers, write unevenly.

    Parameters
    ----------
    model
        From (N, C, ...) to maps (or to anything, for gradients). It runs in evaluation mode and is left as it was.
    pictures
        Prepared as the model wants them, (N, C, ...); of a generator, its latents.
    batch
        Pictures at once.
    channels
        Most channels of a layer to look at.
    margin
        Positions to leave out on every side of a map, and of a picture for the gradients; an eighth of its side if not
        given.
    draws
        Of the permutation null.
    heads
        Random heads a picture for the gradients; 0 for none.
    seed
        Of everything that is drawn.
    progress
        Is told what happens.

    Returns
    -------
        Overlap, DC gains, patterns, answers to constants, gradients; ``None`` with a note where one cannot be had.

    Raises
    ------
    UsageError
        The model cannot be run on the pictures; the message has its own error.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(4, 1, 3, 2, 1, 1))
    >>> found = analyse(net, torch.rand(4, 1, 32, 32))
    >>> found.finding, found.patterns[0].anova.p, found.structure.backward_strided.ratio
    ('1 of 1 layers that upsample write unevenly by their geometry: 2', 0.005, 1.0)
    """
    if pictures.dim() < 2 or not len(pictures):
        raise UsageError(f"pictures must be (N, C, ...) with at least one picture, got {tuple(pictures.shape)}")
    told = progress or Progress()
    with told.step("following the layers"):
        passage = _passage(model, pictures)
        found = structure_of(passage)
    notes: list[str] = []
    with told.step("looking at the maps"):
        maps = watch(model, pictures, batch=batch, channels=channels) if found.forward else Maps(channels)
        patterns = patterns_of(found, maps, margin=margin, draws=draws, seed=seed)
    with told.step("constant pictures and gradients"):
        response = response_of(model, pictures, found, notes, batch)
        gradients = _gradients(model, pictures, found, notes, margin, batch=batch, heads=heads, seed=seed)
    weights = weights_of(passage, maps.means)
    return Analysis(found, weights, patterns, response, gradients, len(pictures), tuple(notes))


def _passage(model: nn.Module, pictures: Tensor) -> Passage:
    try:
        return record(model, pictures[:1])
    except Exception as error:  # any model's forward may raise anything
        first = str(error).splitlines()[0] if str(error) else ""
        raise UsageError(
            f"{type(model).__name__} cannot be run on pictures of shape {tuple(pictures.shape[1:])}: "
            f"{type(error).__name__}: {first}",
            hint=AS_TAKEN,
        ) from error


def _gradients(
    model: nn.Module,
    pictures: Tensor,
    found: Structure,
    notes: list[str],
    margin: int | None,
    *,
    batch: int,
    heads: int,
    seed: int,
) -> GradientEnergy | None:
    if found.backward_strided is None or heads < 1:
        return None
    period = found.backward_strided.period
    sides = fitting(pictures, period, margin)
    try:
        energy = None if sides is None else gradient_energy(
            model, pictures, period, heads=heads, batch=batch, margin=sides, seed=seed
        )  # fmt: skip
    except RuntimeError as error:
        notes.append(f"no gradients: {str(error).splitlines()[0]}")
        return None
    if energy is None:
        within = f" within a margin of {margin}" if margin else ""
        notes.append(
            f"no gradients by phase: pictures are smaller than two periods of the product of strides{within} or have "
            "other axes than the layers that leave positions out, or nothing arrives"
        )
    return energy
