"""The answer in words: which layer writes the pattern, how strong it is, what removes it at which price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from biasscope.core.results import Scalar
from biasscope.pipeline.common.numbers import percent
from biasscope.pipeline.upsampling.measurement import ALPHA, GONE, Measurement
from biasscope.upsampling import LayerPattern, Row

CLEAN = "No layer shows a pattern beyond chance that stands out at its stride frequencies."
MOST = 4
"""Models that a sentence names."""


def times(ratio: float | None) -> str:
    """Ratio of writes.

    >>> times(2.25), times(None), times(1)
    ('2.25 times as often as others', 'and others never', 'equally often')
    """
    if ratio == 1:
        return "equally often"
    return "and others never" if ratio is None else f"{ratio:.3g} times as often as others"


def joined(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> joined(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


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
    peaks = layer.clearest
    value, low, high = peaks.mean if peaks is not None else (None, None, None)
    if value is not None and peaks is not None:
        ends = f" ({low:.1f} to {high:.1f})" if low is not None and high is not None else ""
        doubt = "; uncertain, taken without a taper" if peaks.window == "none" else ""
        whose = "the frequencies of its own stride" if peaks is layer.own else "its stride frequencies"
        stand = f"{abs(value):.1f} dB{ends if value >= 0 else ''} {'above' if value >= 0 else 'below'} what is around"
        parts.append(f"{whose} stand {stand}{doubt}")
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
        said = f": in its output, {strength(output)}" if output is not None else ""
        return (
            f"In {item.label} no layer shows a pattern beyond chance that stands out at its stride frequencies{said}."
        )
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
    cost = f" and {_price(now.operations / first.operations)}" if first.operations else ""
    verb = "removes the ripple on constant pictures" if gone else "weakens the ripple on constant pictures most"
    return f"“{best.title}” {verb}{peaks}{change}{cost}"


def _price(ratio: float) -> str:
    """Operations over those before, in words.

    >>> _price(1.0), _price(2.254)
    ('takes as many operations as before', 'takes 2.25 times the operations')
    """
    return (
        "takes as many operations as before" if f"{ratio:.2f}" == "1.00" else f"takes {ratio:.2f} times the operations"
    )


def single(items: Sequence[Measurement]) -> Iterator[str]:
    """Which single layer's repair removes most of the answer to constants."""
    for item in items:
        rows = [row for row in item.singles[:-1] if row.removed is not None]
        if len(rows) < 2 or item.best is None:
            continue
        most = max(rows, key=lambda row: row.removed or 0.0)
        if most.removed is not None and most.removed > 0:
            yield (
                f"Of single layers of {item.label}, the repair of {most.layer} alone removes most: "
                f"{percent(most.removed, 0)} of the ripple on constants."
            )
        else:
            yield f"No single layer's repair weakens the ripple of {item.label} on constants."


def _tenths(value: float) -> str:
    """Number with one place, a minus sign and no negative zero.

    >>> _tenths(-0.04), _tenths(-1.5) == "\N{MINUS SIGN}1.5"
    ('0.0', True)
    """
    return f"{round(value, 1) + 0.0:.1f}".replace("-", "\N{MINUS SIGN}")


def gradients(items: Sequence[Measurement]) -> str:
    """Overlap of the backward pass, both figures, and the energy that was measured."""
    said, even, none = [], [], []
    for item in items[:MOST]:
        found = item.found.structure
        if found.backward_strided is None:
            none.append(item.label)
        elif found.backward_strided.uniform and found.backward_composed and found.backward_composed.ratio == 1:
            even.append(item.label)
        else:
            said.append(_backward(item))
    if even:
        said.append(f"those of {joined(even)} write all pixels equally often")
    if none:
        said.append(f"{joined(none)} {'do' if len(none) > 1 else 'does'} not subsample")
    return f"Gradients, by geometry alone: {'; '.join(said)}.{energies(items)}"


def _backward(item: Measurement) -> str:
    found = item.found.structure
    alone = found.backward_strided.ratio if found.backward_strided is not None else None
    between = found.backward_composed.ratio if found.backward_composed is not None else None
    rest = "" if between == alone else f" ({_ratio(between)} with the layers between)"
    return f"strided layers of {item.label} write some pixels {times(alone)}{rest}"


def _ratio(ratio: float | None) -> str:
    return "without bound" if ratio is None else f"{ratio:.3g} times"


def energies(items: Sequence[Measurement]) -> str:
    """Most by least energy of the gradient that reaches a phase; nothing where it was not measured."""
    told = [
        f"{_ratio(item.found.gradients.ratio)} in {item.label}"
        for item in items[:MOST]
        if item.found.gradients is not None
    ]
    return f" As measured, the phases differ in energy by {'; '.join(told)} (most over least)." if told else ""


def answer(items: Sequence[Measurement]) -> list[str]:
    """Sentences of the first screen, at most five."""
    said = []
    uneven = [item for item in items if item.strongest is not None]
    if uneven:
        most = max(uneven, key=lambda item: _eta(item.strongest))
        said.append(_pattern(most))
    elif any(item.found.patterns for item in items):
        unknown = [item for item in items if item.found.patterns and not item.measured]
        said.append(_pattern(unknown[0]) if unknown else CLEAN)
    said.append(overlap(items))
    said += list(remedied(items))[:2]
    if any(item.found.structure.backward_strided is not None for item in items):
        said.append(gradients(items))
    return said[:5]


def _eta(layer: LayerPattern | None) -> float:
    return layer.anova.eta_squared or 0.0 if layer is not None and layer.anova is not None else 0.0


def headline(scalars: Sequence[Scalar], items: Sequence[Measurement]) -> list[Scalar]:
    """Head numbers of the first model: overlaps, peaks, ripple."""
    by_name = {one.name: one for one in scalars}
    first = items[0].label
    wanted = [f"overlap@{first}", f"decibels@{first}", f"ripple@{first}", f"eta_squared@{first}", f"backward@{first}"]
    return [by_name[name] for name in wanted if name in by_name][:5]
