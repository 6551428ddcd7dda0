"""The answer in words: a finding for every protocol, the sentences of the first screen, the head numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from biasscope.pipeline.invariance import resizes
from biasscope.pipeline.invariance.differences import Difference, differences
from biasscope.pipeline.invariance.measurement import Measurement, Real, interval_of

MOST = 4
"""Models that a sentence names."""
CIRCULAR = (
    "Circular shifts bring back on one side what leaves on the other, which no camera does: networks that are exactly "
    "robust to them are still fooled by realistic one-pixel shifts (Shifman & Weiss 2024), so circular results "
    "never stand alone."
)
Measured = Mapping[str, Sequence[Measurement]]
PREFERRED = ("crop", "embed", "box", "pairs", "fourier", "bilinear", "circular")
"""Protocols of shifts, the one that the answer speaks of first."""


def percent(value: float | None, digits: int = 1) -> str:
    """Share in per cent.

    >>> percent(0.9123), percent(1.0), percent(None), percent(0.9999)
    ('91.2 %', '100 %', 'undefined', '99.99 %')
    """
    if value is None or not np.isfinite(value):
        return "undefined"
    text = f"{value * 100:.{digits}f}"
    if float(text) in (0.0, 100.0):
        text = f"{value * 100:.2f}" if value not in (0, 1) else f"{value * 100:.0f}"
    return f"{text} %"


def points(value: float) -> str:
    """Difference of shares in points of a per cent, without its sign.

    >>> points(-0.0312)
    '3.1 points'
    """
    return f"{abs(value) * 100:.1f} points"


def bounds(low: float | None, high: float | None) -> str:
    """Interval in per cent, nothing where it is undefined.

    >>> bounds(0.899, 0.924)
    ' (89.9 to 92.4)'
    """
    if low is None or high is None or not (np.isfinite(low) and np.isfinite(high)):
        return ""
    return f" ({low * 100:.1f} to {high * 100:.1f})"


def shifts(items: Sequence[Measurement], protocol: str, phrase: str) -> str:
    """Finding of a protocol of shifts: every model's consistency, then accuracy."""
    named = [f"{item.label} {_consistency(item)}" for item in items[:MOST]]
    more = f" and {len(items) - MOST} more models" if len(items) > MOST else ""
    said = f"Pairs of shifts with the same answer, {phrase}: {'; '.join(named)}{more}."
    said += "".join(f" {sentence}" for sentence in _accuracy(items))
    return f"{said} {CIRCULAR}" if protocol == "circular" else said


def _accuracy(items: Sequence[Measurement]) -> Iterator[str]:
    named = [f"{item.label} {percent(_right(item))}" for item in items[:MOST] if item.labelled]
    if named:
        yield f"Right on average over the shifts: {'; '.join(named)}."


def _right(item: Measurement) -> float:
    return float(item.right().mean())


def _consistency(item: Measurement) -> str:
    found = item.consistency
    return f"{percent(found.value)}{bounds(found.low, found.high)}" if found else "undefined"


def rescale(items: Sequence[Measurement]) -> str:
    """Finding of sizes: accuracy (or agreement) at the smallest, middle and largest size."""
    sizes = np.asarray(items[0].sweep.coordinates["size"], float)
    order = np.argsort(sizes, kind="stable")
    shown = list(dict.fromkeys(int(order[place]) for place in (0, len(order) // 2, len(order) - 1)))
    said = []
    for item in items[:MOST]:
        values = item.right().mean(1) if item.labelled else item.kept().mean(1)
        said.append(f"{item.label} " + ", ".join(f"{percent(values[view])} at {sizes[view]:g}" for view in shown))
    what = "Right answers" if items[0].labelled else "Answers of the reference size"
    return f"{what} by size in pixels: {'; '.join(said)}."


def rotation(items: Sequence[Measurement]) -> str:
    """Finding of angles: how often the upright answer is kept at the smallest and the largest turn."""
    angles = np.asarray(items[0].sweep.coordinates["angle"], float)
    turned = np.abs(angles)
    some = sorted({float(angle) for angle in turned if angle > 0})
    if not some:
        return "Only the upright picture was measured."
    said = []
    for item in items[:MOST]:
        kept = item.kept().mean(1)
        ends = [(angle, float(kept[turned == angle].mean())) for angle in dict.fromkeys((some[0], some[-1]))]
        said.append(f"{item.label} " + ", ".join(f"{percent(share)} at {angle:g} degrees" for angle, share in ends))
    return f"Answers of the upright picture that are kept when it is turned: {'; '.join(said)}."


def resize(items: Sequence[Measurement]) -> str:
    """Finding of resize implementations: how many pictures change, and the pair that agrees least."""
    said = []
    for item in items[:MOST]:
        changed = int((~item.kept()).any(0).sum())
        share, a, b = resizes.least(item)
        low, high = (float(end) for end in interval_of(share, len(item.sweep)))
        said.append(
            f"{item.label} answers {changed:,} of {len(item.sweep):,} pictures differently for some implementation, "
            f"and {a} and {b} agree least, on {percent(share)}{bounds(low, high)}"
        )
    return f"The same pictures resized by {items[0].sweep.views} implementations: {'; '.join(said)}."


def video(items: Sequence[Measurement]) -> str:
    """Finding of clips: how often the answer changes from one frame to the next."""
    said = []
    for item in items[:MOST]:
        share = float((item.answers[1:] != item.answers[:-1]).mean()) if item.sweep.views > 1 else 0.0
        said.append(f"{item.label} {percent(share)}")
    return f"Answers that change from one frame to the next: {'; '.join(said)}."


def main_protocol(measured: Measured) -> str | None:
    """Protocol of shifts that the answer speaks of; circular only when there is no other."""
    return next((name for name in PREFERRED if name in measured), None)


def answer(measured: Measured, phrases: Mapping[str, str], kinds: Mapping[str, str]) -> list[str]:
    """Sentences of the first screen, the most important first; what is said of every model stands in the sections.

    Parameters
    ----------
    measured
        Protocol -> measurements.
    phrases
        Protocol -> the conditions in words.
    kinds
        Protocol -> kind of result.
    """
    main = main_protocol(measured)
    said = list(_about_shifts(measured[main], phrases[main])) if main is not None else []
    said += [_brief(name, items, kinds[name]) for name, items in measured.items() if name != main]
    if main == "circular":
        said.append(CIRCULAR)
    if not any(item.labelled for items in measured.values() for item in items):
        said.append("The pictures have no labels, so nothing is said on accuracy.")
    return said


def _brief(protocol: str, items: Sequence[Measurement], kind: str) -> str:
    """Finding of a protocol for the first model; consistency for all."""
    if kind in _OF_FIRST:
        return _OF_FIRST[kind](items[:1])
    named = [f"{item.label} {percent(item.consistency.value if item.consistency else None)}" for item in items[:MOST]]
    said = f"Protocol {protocol}, pairs of views with the same answer: {', '.join(named)}."
    return f"{said} {CIRCULAR}" if protocol == "circular" else said


_OF_FIRST: dict[str, Callable[[Sequence[Measurement]], str]] = {
    "rescale": rescale,
    "rotation": rotation,
    "resize": resize,
    "video": video,
}


def _about_shifts(items: Sequence[Measurement], phrase: str) -> Iterator[str]:
    first, consistency = items[0], items[0].consistency
    if consistency is not None:
        ends = bounds(consistency.low, consistency.high)
        yield f"{first.label} keeps its answer in {percent(consistency.value)}{ends} of pairs of shifts ({phrase})."
    found = differences(items)
    yield from _variants(found)
    others = [item for item in items[1:] if item.label not in {one.model for one in found}]
    if others:
        named = [f"{item.label} {_consistency(item)}" for item in others[:MOST]]
        yield f"On the same pictures: {'; '.join(named)}."
    yield from _always(items)


def _variants(found: Sequence[Difference]) -> Iterator[str]:
    """Consistency and accuracy of variants against their baseline, with what chance and arithmetic allow."""
    for item in (one for one in found if one.measure == "consistency"):
        accuracy = next((one for one in found if one.model == item.model and one.measure == "accuracy"), None)
        yield f"{_compared(item)}{_beside(accuracy)}"


def _compared(item: Difference) -> str:
    ends = f"{item.low * 100:+.1f} to {item.high * 100:+.1f}"
    if item.by_chance:
        text = f"{item.model} differs from {item.against} by {item.value * 100:+.1f} points ({ends})"
        return f"{text}, which is not told from chance"
    verb = "raises" if item.value > 0 else "lowers"
    text = f"{item.model} {verb} the consistency of {item.against} by {points(item.value)} ({ends})"
    if abs(item.value) <= item.floor:
        return f"{text}, which is not above the numerical floor of {percent(item.floor)}"
    return f"{text}: larger than chance and than the numerical floor ({percent(item.floor)})"


def _beside(accuracy: Difference | None) -> str:
    if accuracy is None:
        return "."
    if accuracy.by_chance:
        return f"; its accuracy over the shifts is not told from that of {accuracy.against} ({_signed(accuracy)})."
    verb = "higher" if accuracy.value > 0 else "lower"
    return f"; its accuracy over the shifts is {verb} by {points(accuracy.value)} ({_signed(accuracy)})."


def _signed(item: Difference) -> str:
    return f"{item.low * 100:+.1f} to {item.high * 100:+.1f}"


def _always(items: Sequence[Measurement]) -> Iterator[str]:
    """Worst case of the first models: right at every shift, or one answer at every shift."""
    said = []
    for item in items[:MOST]:
        hits: Real = (item.right() if item.labelled else item.kept()).all(0).astype(float)
        low, high = (float(end) for end in interval_of(hits.mean(), len(hits)))
        said.append(f"{item.label} {percent(float(hits.mean()))}{bounds(low, high)}")
    what = "right at every one of these shifts" if items[0].labelled else "answered the same at every one of them"
    yield f"Pictures that are {what}: {'; '.join(said)}."
