"""The answer in words: which layer writes the pattern, how strong it is, what removes it at which price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from biasscope.core.results import Scalar
from biasscope.pipeline.common.numbers import percent
from biasscope.pipeline.upsampling.measurement import ALPHA, GONE, Measurement
from biasscope.upsampling import LayerPattern, Row

MOST = 4
"""Models that a sentence names."""


def times(ratio: float | None) -> str:
    """Ratio of writes.

    >>> times(2.25), times(None)
    ('2.25 times', 'without bound (some are never written)')
    """
    if ratio == 1:
        return "once, evenly"
    return "without bound (some are never written)" if ratio is None else f"{ratio:.3g} times"


def overlap(items: Sequence[Measurement]) -> str:
    """What the geometry does."""
    said = []
    for item in items[:MOST]:
        found = item.found.structure
        if not found.forward:
            said.append(f"{item.label}: {found.nothing}")
        elif all(one.uniform for one in (*found.forward, *found.composed)):
            said.append(f"{item.label} writes all positions equally often")
        else:
            uneven = sum(not one.uniform for one in found.forward)
            ratio = times(found.composed[-1].ratio if found.composed else found.forward[-1].ratio)
            many = len(found.forward)
            said.append(f"{item.label} {ratio} ({uneven} of {many} layers that upsample are uneven)")
    if all(not item.found.structure.forward for item in items):
        return f"{'; '.join(said)}."
    return f"Most by least writes of an output position, by geometry alone: {'; '.join(said)}."


def strength(layer: LayerPattern) -> str:
    """Pattern of one layer in words."""
    parts = []
    if layer.anova is not None and layer.anova.eta_squared is not None:
        chance = "" if (layer.anova.p or 0) <= ALPHA else ", no more than chance"
        p = f", p = {layer.anova.p:.3g}" if layer.anova.p is not None else ""
        parts.append(f"the phase explains {percent(layer.anova.eta_squared)} of its variation{p}{chance}")
    value, low, high = layer.peaks.mean if layer.peaks is not None else (None, None, None)
    if value is not None:
        ends = f" ({low:.1f} to {high:.1f})" if low is not None and high is not None else ""
        doubt = "; uncertain, taken without a taper" if layer.peaks and layer.peaks.window == "none" else ""
        stand = f"{abs(value):.1f} dB{ends if value >= 0 else ''} {'above' if value >= 0 else 'below'} what is around"
        parts.append(f"its stride frequencies stand {stand}{doubt}")
    return "; ".join(parts) or layer.note


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
        said = f": {strength(output)}" if output is not None else ""
        return f"In {item.label} no layer shows a pattern{said}."
    return f"In {item.label} the pattern is strongest at {layer.name}: {strength(layer)}."


def remedied(items: Sequence[Measurement]) -> Iterator[str]:
    """What removes the pattern of each model that has one, and the price."""
    for item in items:
        best, first = item.best, item.remedies[0].strength if item.remedies else None
        uneven = item.ripple is not None and item.ripple > GONE
        if best is None or first is None or not uneven:
            continue
        yield f"In {item.label} {_best(item, best)}."


def _best(item: Measurement, best: Row) -> str:
    now, first = best.strength, item.remedies[0].strength
    assert now is not None  # noqa: S101
    assert first is not None  # noqa: S101
    gone = (now.step or 0) <= GONE
    before, after = first.decibels[0], now.decibels[0]
    peaks = f" (peaks {_tenths(before)} to {_tenths(after)} dB)" if before is not None and after is not None else ""
    change = f", changes the output by {percent(best.change[0], 0)}" if best.change[0] is not None else ""
    cost = f" and costs {now.operations / first.operations:.2f} times the operations" if first.operations else ""
    verb = "removes the answer to constants" if gone else "weakens the answer to constants most"
    return f"“{best.title}” {verb}{peaks}{change}{cost}"


def _tenths(value: float) -> str:
    """Number with one place and no negative zero.

    >>> _tenths(-0.04)
    '0.0'
    """
    return f"{round(value, 1) + 0.0:.1f}"


def gradients(items: Sequence[Measurement]) -> str:
    """Overlap of the backward pass, both figures."""
    said = []
    for item in items[:MOST]:
        found = item.found.structure
        if found.backward_strided is None:
            said.append(f"{item.label} does not subsample")
            continue
        alone, strided = times(found.backward_strided.ratio), found.backward_strided
        between = found.backward_composed.ratio if found.backward_composed is not None else None
        if strided.uniform and between == 1:
            said.append(f"{item.label} evenly")
            continue
        said.append(f"{item.label} {alone} (with the layers between {times(between)})")
    return f"Most by least writes of a pixel by the gradient, strided layers alone: {'; '.join(said)}."


def answer(items: Sequence[Measurement]) -> list[str]:
    """Sentences of the first screen, at most five."""
    said = [overlap(items)]
    uneven = [item for item in items if item.strongest is not None]
    if uneven:
        most = max(uneven, key=lambda item: _eta(item.strongest))
        said.append(_pattern(most))
    elif any(item.found.patterns for item in items):
        unknown = [item for item in items if item.found.patterns and not item.measured]
        said.append(_pattern(unknown[0]) if unknown else "No layer shows a pattern beyond chance.")
    said += list(remedied(items))[:2]
    if any(item.found.structure.backward_strided is not None for item in items):
        said.append(gradients(items))
    return said[:5]


def _eta(layer: LayerPattern | None) -> float:
    return layer.anova.eta_squared or 0.0 if layer is not None and layer.anova is not None else 0.0


def headline(scalars: Sequence[Scalar], items: Sequence[Measurement]) -> list[Scalar]:
    """Head numbers: the peaks and ripple of the model with the strongest pattern, overlaps."""
    by_name = {one.name: one for one in scalars}
    first = items[0].label
    wanted = [f"overlap@{first}", f"decibels@{first}", f"ripple@{first}", f"eta_squared@{first}", f"backward@{first}"]
    return [by_name[name] for name in wanted if name in by_name][:5]
