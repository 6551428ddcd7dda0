"""Everything about the upsampling of one model, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import torch
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.core.progress import Progress
from biasscope.upsampling.anova import PhaseAnova, phase_anova
from biasscope.upsampling.gradient import GradientEnergy, gradient_energy
from biasscope.upsampling.layers import LayerWeights, weights_of
from biasscope.upsampling.passage import Passage, Refused
from biasscope.upsampling.phases import interior, pattern
from biasscope.upsampling.record import record
from biasscope.upsampling.response import StepResponse, step_response
from biasscope.upsampling.spectrum import Peaks, spectral_peaks
from biasscope.upsampling.structure import Structure, structure_of
from biasscope.upsampling.watch import OUTPUT, Maps, watch

LEVELS = 5
LARGE, STRETCH = 128, 2
NOT_FINITE = "it holds values that are not finite"


@dataclass(frozen=True)
class LayerPattern:
    """Pattern in what one layer writes on real pictures.

    Attributes
    ----------
    name
        Layer, or ``output``.
    period
        Phases looked at: the product of strides up to there, or the layer's own where maps are too small for that.
    shape
        (C, ...) of its maps.
    channels
        Number of channels looked at, evenly spaced.
    anova, peaks
        Measures; ``None`` where `note` says why.
    own
        Peaks at the frequencies of the layer's own stride (of the output, that of the last layer that upsamples), where
        `period` is a longer one; among many frequencies those few may be lost.
    pattern
        Mean over pictures of every phase less the channel's mean, (channels, phases along each axis).
    note
        Why something is missing.
    """

    name: str
    period: tuple[int, ...]
    shape: tuple[int, ...]
    channels: int
    anova: PhaseAnova | None
    peaks: Peaks | None
    pattern: Tensor | None
    note: str = ""
    own: Peaks | None = None

    @property
    def clearest(self) -> Peaks | None:
        """Peaks that stand out most: at all stride frequencies, or at those of the layer's own stride."""
        known = [one for one in (self.peaks, self.own) if one is not None and one.mean[0] is not None]
        return max(known, key=lambda one: one.mean[0] or 0.0, default=self.peaks)


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
        Positions to leave out on every side of a map; an eighth of its side if not given.
    draws
        Of the permutation null.
    heads
        Random heads a picture for the gradients; 0 for none.
    seed
        Of everything that is drawn.
    progress
        Is told what happens.

    Raises
    ------
    UsageError
        The model cannot be run on the pictures; the message has its own error.

    Examples
    --------
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
        patterns = _patterns(found, maps, margin, draws, seed)
    with told.step("constant pictures and gradients"):
        response = _response(model, pictures, found, notes)
        gradients = _gradients(model, pictures, found, notes, batch=batch, heads=heads, seed=seed)
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
            hint="Give pictures as its forward takes them.",
        ) from error


def _patterns(found: Structure, maps: Maps, margin: int | None, draws: int, seed: int) -> tuple[LayerPattern, ...]:
    together = {layer.name: layer.period for layer in found.composed}
    alone = {layer.name: layer.period for layer in found.forward}
    if OUTPUT in together and found.forward[-1].period:
        alone[OUTPUT] = found.forward[-1].period
    rows = []
    for name, parts in maps.maps.items():
        values = torch.cat(parts)
        wanted = together.get(name, alone.get(name, ()))
        rows.append(_pattern(name, values, maps.shapes[name], wanted, alone.get(name, ()), margin, draws, seed))
    rows.extend(replace(row, name=OUTPUT) for row in rows[:] if row.name == maps.same)
    return tuple(rows)


def _pattern(
    name: str,
    values: Tensor,
    shape: tuple[int, ...],
    wanted: Sequence[int],
    alone: Sequence[int],
    margin: int | None,
    draws: int,
    seed: int,
) -> LayerPattern:
    count = values.shape[1] if values.dim() > 1 else 0
    if not bool(values.isfinite().all()):
        return LayerPattern(name, tuple(wanted), shape, count, None, None, None, NOT_FINITE)
    for period in (tuple(wanted), tuple(alone)):
        for least in (margin, 0) if margin is None else (margin,):
            sides = [side // 8 for side in values.shape[2:]] if least is None else [least] * (values.dim() - 2)
            if prod(period) == 1 or len(period) != len(sides) or interior(values, period, sides) is None:
                continue
            note = "" if period == tuple(wanted) else "maps are too small for the product of strides up to here"
            peaks = spectral_peaks(values, period, margin=sides)
            tested = phase_anova(values, period, margin=sides, draws=draws, seed=seed)
            own = spectral_peaks(values, alone, margin=sides) if 1 < prod(alone) < prod(period) else None
            return LayerPattern(name, period, shape, count, tested, peaks, pattern(values, period, sides), note, own)
    note = "maps are smaller than two periods" if wanted or alone else "no phases are known here"
    return LayerPattern(name, tuple(wanted), shape, count, None, None, None, note)


def _response(model: nn.Module, pictures: Tensor, found: Structure, notes: list[str]) -> StepResponse | None:
    if not found.composed or found.composed[-1].name != OUTPUT:
        return None
    low, high = float(pictures.min()), float(pictures.max())
    levels = torch.linspace(low, high, LEVELS).tolist() if high > low else [low]
    response = _on_constants(model, pictures, found.composed[-1].period, levels)
    if response is None:
        notes.append("no answer to constants: the output has no maps, or they are smaller than two periods")
    elif not bool(response.means.isfinite().all()):
        notes.append("no answer to constants: the output holds values that are not finite")
        return None
    return response


def _on_constants(
    model: nn.Module, pictures: Tensor, period: Sequence[int], levels: Sequence[float]
) -> StepResponse | None:
    """Answers to constants twice as large as small pictures, where the model takes them: borders stay away."""
    channels, *sides = pictures.shape[1:]
    if max(sides, default=LARGE) < LARGE:
        try:
            grown = step_response(
                model, (channels, *(STRETCH * side for side in sides)), period, levels=levels, margin=3 / 8
            )
        except (RuntimeError, ValueError, TypeError, AssertionError):  # pictures of one size only
            grown = None
        if grown is not None:
            return grown
    return step_response(model, pictures.shape[1:], period, levels=levels)


def _gradients(
    model: nn.Module, pictures: Tensor, found: Structure, notes: list[str], *, batch: int, heads: int, seed: int
) -> GradientEnergy | None:
    if found.backward_strided is None or heads < 1:
        return None
    try:
        energy = gradient_energy(model, pictures, found.backward_strided.period, heads=heads, batch=batch, seed=seed)
    except RuntimeError as error:
        notes.append(f"no gradients: {str(error).splitlines()[0]}")
        return None
    if energy is None:
        notes.append(
            "no gradients by phase: pictures are smaller than two periods of the product of strides, or nothing arrives"
        )
    return energy
