"""The answer in words: which layer writes the pattern, how strong it is, what removes it at which price."""

from __future__ import annotations

from collections.abc import Sequence

from biasscope.core.results import Scalar
from biasscope.pipeline.common.numbers import percent
from biasscope.pipeline.upsampling import gradient_words, remedy_words
from biasscope.pipeline.upsampling.measurement import ALPHA, Measurement, cycles
from biasscope.pipeline.upsampling.phrases import MOST, joined, times
from biasscope.upsampling import LayerPattern, Peaks
from biasscope.upsampling.prominence import CEILING

CLEAN = "No layer shows a pattern beyond chance that stands out at its stride frequencies."
MORE = 3.0
"""Decibels by which one frequency must stand above the mean of all to be named."""


def overlap(items: Sequence[Measurement]) -> str:
    """What the geometry does."""
    said, even = [], []
    for item in items[:MOST]:
        found = item.found.structure
        if not found.forward:
            said.append(f"{item.label}: {found.nothing}")
        elif all(one.uniform for one in (*found.forward, *found.composed)):
            even.append(item.label)
        else:
            said.append(_uneven(item))
    if even:
        said.append(f"{joined(even)} {'write' if len(even) > 1 else 'writes'} all positions equally often")
    start = "" if all(not item.found.structure.forward for item in items) else "By geometry alone, "
    return f"{start}{'; '.join(said)}."


def _uneven(item: Measurement) -> str:
    found = item.found.structure
    ratio = times(found.composed[-1].ratio if found.composed else found.forward[-1].ratio)
    uneven, many = sum(not one.uniform for one in found.forward), len(found.forward)
    layers = f"{uneven} of {many} layers that upsample {'are' if uneven != 1 else 'is'} uneven"
    return f"{item.label} writes {'all' if ratio == times(1) else 'some'} positions {ratio} ({layers})"


def strength(layer: LayerPattern) -> str:
    """Pattern of one layer in words."""
    parts = []
    if layer.anova is not None and layer.anova.eta_squared is not None:
        chance = "" if (layer.anova.p or 0) <= ALPHA else ", no more than chance"
        p = f", p = {layer.anova.p:.3g}" if layer.anova.p is not None else ""
        parts.append(f"the phase explains {percent(layer.anova.eta_squared)} of its variation{p}{chance}")
    if layer.clearest is not None and layer.clearest.mean[0] is not None:
        parts.append(_stand(layer, layer.clearest))
    return "; ".join(parts) or layer.note


def _stand(layer: LayerPattern, peaks: Peaks) -> str:
    """How far stride frequencies stand out, and the one among them that stands out much more than all together."""
    value, low, high = peaks.mean
    together, one = value or 0.0, layer.highest
    whose = "the frequencies of its own stride" if peaks is layer.own else "its stride frequencies"
    said = f"{whose} stand {_beside(together, low, high)} what is around"
    if one is not None and one.decibels - together > MORE:
        joint = "but" if together < 0 else "and most of all"
        said += f", {joint} {cycles(one.numbers, one.period)} cycles a position {_beside(one.decibels, one.least)} it"
    return f"{said}; uncertain, taken without a taper" if peaks.window == "none" else said


def _beside(value: float, low: float | None, high: float | None = None) -> str:
    """Decibels above or below; an interval only of what rises, and none at the end of the scale.

    >>> _beside(9.0, 8.0, 10.0), _beside(300.0, 300.0, 300.0)
    ('9.0 dB (8.0 to 10.0) above', 'at least 300 dB (the end of the scale) above')
    """
    side = "above" if value >= 0 else "below"
    if abs(value) > CEILING - 1:
        return f"at least {CEILING:.0f} dB (the end of the scale) {side}"
    ends = f" ({low:.1f} to {high:.1f})" if low is not None and high is not None else ""
    least = f" (at least {low:.1f})" if low is not None and high is None else ""
    return f"{abs(value):.1f} dB{ends + least if value >= 0 else ''} {side}"


def patterns(items: Sequence[Measurement]) -> str:
    """Which layer shows the pattern most, and how strong it is."""
    return " ".join(_pattern(item) for item in items[:MOST] if item.found.patterns) or "No maps to look at."


def _pattern(item: Measurement) -> str:
    layer = item.strongest
    if not item.measured:
        reasons = dict.fromkeys(one.note for one in item.found.patterns if one.note)
        return f"In {item.label} no pattern could be measured: {'; '.join(reasons)}."
    if layer is None:
        output = item.output
        said = f": in its output, {strength(output)}" if output is not None else ""
        return (
            f"In {item.label} no layer shows a pattern beyond chance that stands out at its stride frequencies{said}."
            f"{_yet(item) if output is None or output.highest is None else ''}"
        )
    if layer is item.output:
        return f"In {item.label} the output shows a pattern, and no layer that upsamples does: {strength(layer)}."
    return f"In {item.label} the pattern is strongest at {layer.name}: {strength(layer)}."


def _yet(item: Measurement) -> str:
    """A frequency that certainly stands out in every picture, though what all have in common is no more than chance."""
    found = [(one.highest, one) for one in item.found.patterns if one.highest is not None]
    if not found:
        return ""
    one, layer = max(found, key=lambda pair: pair[0].least)
    return (
        f" Yet in {layer.name} of {item.label}, {cycles(one.numbers, one.period)} cycles a position stand "
        f"{_beside(one.decibels, one.least)} what is around: a pattern whose sign may change with the picture."
    )


def answer(items: Sequence[Measurement]) -> list[str]:
    """Sentences of the first screen, at most five."""
    said = []
    uneven = [item for item in items if item.strongest is not None]
    if uneven:
        most = max(uneven, key=lambda item: _eta(item.strongest))
        said.append(_pattern(most))
    elif any(item.found.patterns for item in items):
        unknown = [item for item in items if item.found.patterns and not item.measured]
        said.append(_pattern(unknown[0]) if unknown else CLEAN + next(filter(None, map(_yet, items)), ""))
    said.append(overlap(items))
    said += list(remedy_words.remedied(items))[:2]
    if any(item.found.structure.backward_strided is not None for item in items):
        said.append(gradient_words.gradients(items))
    return said[:5]


def _eta(layer: LayerPattern | None) -> float:
    return layer.anova.eta_squared or 0.0 if layer is not None and layer.anova is not None else 0.0


def headline(scalars: Sequence[Scalar], items: Sequence[Measurement]) -> list[Scalar]:
    """Head numbers of the first model: overlaps, peaks, ripple."""
    by_name = {one.name: one for one in scalars}
    first = items[0].label
    wanted = [f"overlap@{first}", f"decibels@{first}", f"ripple@{first}", f"eta_squared@{first}", f"backward@{first}"]
    return [by_name[name] for name in wanted if name in by_name][:5]
