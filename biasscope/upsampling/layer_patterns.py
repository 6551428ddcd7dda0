"""Pattern in the maps of every layer that upsamples: variance by phase, peaks of the spectrum, the pattern itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import torch
from torch import Tensor

from biasscope.upsampling.anova import PhaseAnova, phase_anova
from biasscope.upsampling.highest import Frequency, highest
from biasscope.upsampling.peaks import Peaks, peaks_of
from biasscope.upsampling.phases import fitting, interior, pattern
from biasscope.upsampling.structure import Structure
from biasscope.upsampling.watch import OUTPUT, Maps

NOT_FINITE = "it holds values that are not finite"
CONSTANT, STILL = "its maps are constant", 1e-6
"""Note, and the share of the largest value up to which variation within maps is but rounding."""


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

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(4, 1, 3, 2, 1, 1))
    >>> from biasscope.upsampling import analyse
    >>> found = analyse(net, torch.rand(4, 1, 32, 32), draws=19)
    >>> found.patterns[0].name, found.patterns[0].period
    ('2', (2, 2))
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
    def rises(self) -> bool | None:
        """Whether stride frequencies stand above what is around, together or one of them; None where that is open."""
        peaks = self.clearest
        if peaks is None or peaks.mean[0] is None:
            return None
        return peaks.mean[0] > 0 or self.highest is not None

    @property
    def highest(self) -> Frequency | None:
        """Frequency that stands out most certainly by itself; the mean over all may hide a stripe on one axis."""
        return None if self.pattern is None else highest((self.peaks, self.own), self.pattern)

    @property
    def clearest(self) -> Peaks | None:
        """Peaks that stand out most: at all stride frequencies, or at those of the layer's own stride."""
        known = [one for one in (self.peaks, self.own) if one is not None and one.mean[0] is not None]
        return max(known, key=lambda one: one.mean[0] or 0.0, default=self.peaks)


def patterns_of(
    found: Structure, maps: Maps, *, margin: int | None = None, draws: int = 199, seed: int = 0
) -> tuple[LayerPattern, ...]:
    """Patterns of every layer whose maps were watched, and of the output.

    Parameters
    ----------
    found
        Structure of the model.
    maps
        What `watch` kept.
    margin, draws, seed
        As in :func:`~biasscope.upsampling.analyse`.

    Examples
    --------
    >>> from torch import nn
    >>> from biasscope.upsampling import structure
    >>> from biasscope.upsampling.watch import watch
    >>> net, pictures = nn.Sequential(nn.Upsample(scale_factor=2)), torch.rand(2, 1, 16, 16)
    >>> [one.name for one in patterns_of(structure(net, pictures[:1]), watch(net, pictures))]
    ['0', 'output']
    """
    together = {layer.name: layer.period for layer in found.composed}
    alone = {layer.name: layer.period for layer in found.forward}
    if OUTPUT in together and found.forward[-1].period:
        alone[OUTPUT] = found.forward[-1].period
    rows = []
    for name, parts in maps.maps.items():
        wanted = together.get(name, alone.get(name, ()))
        values = torch.cat(parts)
        empty = LayerPattern(name, tuple(wanted), maps.shapes[name], values.shape[1], None, None, None)
        rows.append(_measured(empty, values, alone.get(name, ()), margin, draws, seed))
    rows.extend(replace(row, name=OUTPUT) for row in rows[:] if row.name == maps.same)
    return tuple(rows)


def _measured(
    empty: LayerPattern, values: Tensor, alone: Sequence[int], margin: int | None, draws: int, seed: int
) -> LayerPattern:
    """Measures of maps at the longest period, and the widest margin, that leave two periods."""
    if values.numel() and not all(bool(end.isfinite()) for end in values.aminmax()):
        return replace(empty, note=NOT_FINITE)
    values = values.double()
    periods = (empty.period, tuple(alone))
    fits = ((period, fitting(values, period, margin)) for period in periods)
    chosen = next(((period, sides) for period, sides in fits if sides is not None), None)
    if chosen is None:
        return replace(empty, note=_missing(values, periods, margin))
    period, sides = chosen
    if _constant(values, period, sides):
        return replace(empty, period=period, note=CONSTANT)
    shorter = [tuple(alone)] if 1 < prod(alone) < prod(period) else []
    peaks, own = [*peaks_of(values, [period, *shorter], margin=sides), None][:2]
    tested = phase_anova(values, period, margin=sides, draws=draws, seed=seed)
    return replace(
        empty, period=period, anova=tested, peaks=peaks, own=own, pattern=pattern(values, period, sides),
        note=_shorter(empty.period, period),
    )  # fmt: skip


def _missing(values: Tensor, periods: Sequence[Sequence[int]], margin: int | None) -> str:
    """Why there are no phases to look at."""
    known = [period for period in periods if period]
    if not known:
        return "no phases are known here"
    if all(len(period) != values.dim() - 2 for period in known):
        return "its axes are not (N, C, ...) with as many positions as the layers that upsample write"
    return f"maps are smaller than two periods{f' within a margin of {margin}' if margin else ''}"


def _constant(values: Tensor, period: Sequence[int], sides: Sequence[int]) -> bool:
    """Whether no map varies where it is looked at, but for rounding."""
    part = interior(values, period, sides)
    assert part is not None  # noqa: S101
    flat = part.flatten(2)
    return bool((flat.amax(2) - flat.amin(2)).max() <= STILL * flat.abs().max())


def _shorter(wanted: Sequence[int], period: Sequence[int]) -> str:
    """Why another period than that of the whole stack is looked at."""
    if tuple(wanted) == tuple(period):
        return ""
    if prod(wanted) == 1:
        return "all positions are alike behind the whole stack; looked at by the last stride"
    return "maps are too small for the product of strides up to here"
