"""A finding in words for every protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from biasscope.core.words import counted
from biasscope.pipeline.common.numbers import bounds, percent
from biasscope.pipeline.invariance import resizes
from biasscope.pipeline.invariance.measurement import Measurement, Real, interval_of
from biasscope.transforms import PROTOCOLS

MOST = 4
"""Models that a sentence names."""
FEW = 2
"""Up to so many models have their intervals in a finding; the tables have all of them."""
CIRCULAR = (
    "No camera makes circular shifts: networks that are exactly robust to them are still fooled by realistic "
    "one-pixel shifts (Shifman & Weiss 2024), so circular results never stand alone."
)
_ONE_VIEW = "One view of each picture was measured, which says nothing on shifts"
Measured = Mapping[str, Sequence[Measurement]]
PREFERRED = ("crop", "embed", "box", "pairs", "fourier", "bilinear")
"""Protocols of shifts, the one that the answer speaks of first; then those of no place here, and circular shifts."""


def shifts(items: Sequence[Measurement], protocol: str, phrase: str) -> str:
    """Finding of a protocol of shifts: every model's consistency, then accuracy; intervals of few models only."""
    if items[0].sweep.views < 2:
        return f"{_ONE_VIEW} ({phrase}).{''.join(f' {sentence}' for sentence in _accuracy(items))}"
    named = [f"{item.label} {_consistency(item, ends=len(items) <= FEW)}" for item in items[:MOST]]
    said = f"Pairs of shifts with the same answer, {phrase}: {'; '.join(named)}{more(items)}."
    said += "".join(f" {sentence}" for sentence in _accuracy(items))
    return f"{said} {CIRCULAR}" if protocol == "circular" else said


def _accuracy(items: Sequence[Measurement]) -> Iterator[str]:
    named = [f"{item.label} {percent(_right(item))}" for item in items[:MOST] if item.labelled]
    if named:
        over = " on average over the shifts" if items[0].sweep.views > 1 else ""
        yield f"Right{over}: {'; '.join(named)}."


def more(items: Sequence[object]) -> str:
    """Say how many are not named."""
    return f" and {counted(len(items) - MOST, 'more model')}" if len(items) > MOST else ""


def _right(item: Measurement) -> float:
    return float(item.right().mean())


def consistency_of(item: Measurement) -> float | None:
    """Consistency; ``None`` where there are no pairs of views."""
    return item.consistency.value if item.consistency else None


def _consistency(item: Measurement, *, ends: bool = True) -> str:
    found = item.consistency
    if found is None:
        return "undefined"
    return percent(found.value) + (bounds(found.low, found.high) if ends else "")


def rescale(items: Sequence[Measurement]) -> str:
    """Finding of sizes: accuracy (or agreement) at the smallest, middle and largest size."""
    sizes = np.asarray(items[0].sweep.coordinates["size"], float)
    order = np.argsort(sizes, kind="stable")
    places = (0, len(order) // 2, len(order) - 1) if len(items) <= FEW else (0, len(order) - 1)
    shown = list(dict.fromkeys(int(order[place]) for place in places))
    said = []
    for item in items[:MOST]:
        values = item.right().mean(1) if item.labelled else item.kept().mean(1)
        said.append(f"{item.label} " + ", ".join(f"{percent(values[view])} at {sizes[view]:g}" for view in shown))
    what = "Right answers" if items[0].labelled else "Answers of the reference size"
    return f"{what} by size in pixels: {'; '.join(said)}{more(items)}."


def rotation(items: Sequence[Measurement]) -> str:
    """Finding of angles: how often the upright answer is kept at the smallest and the largest turn."""
    turned = turns(items[0])
    some = sorted({float(angle) for angle in turned if angle > 0})
    if not some:
        return "Only the upright picture was measured."
    said, shown = [], (some[0], some[-1]) if len(items) <= FEW else (some[-1],)
    for item in items[:MOST]:
        kept = item.kept().mean(1)
        ends = [(angle, float(kept[turned == angle].mean())) for angle in dict.fromkeys(shown)]
        said.append(f"{item.label} " + ", ".join(f"{percent(share)} at {angle:g} degrees" for angle, share in ends))
    return f"Answers of the upright picture that are kept when it is turned: {'; '.join(said)}{more(items)}."


def turns(item: Measurement) -> Real:
    """Degrees of every view either way, 0 for whole turns."""
    angles = np.asarray(item.sweep.coordinates["angle"], float)
    return np.where(angles % 360 == 0, 0.0, np.abs(angles))


def resize(items: Sequence[Measurement]) -> str:
    """Finding of resize implementations: how many pictures change, and (of few models) the pair that agrees least."""
    said = []
    for item in items[:MOST]:
        text = f"{item.label} answers {changed(item)} implementation"
        share, a, b = resizes.least(item)
        if share < 1 and len(items) <= FEW:
            low, high = (float(end) for end in interval_of(share, len(item.sweep)))
            text += f", and {a} and {b} agree least, on {percent(share)}{bounds(low, high)}"
        said.append(text)
    views = counted(items[0].sweep.views, "implementation")
    return f"The same pictures resized by {views}: {'; '.join(said)}{more(items)}."


def changed(item: Measurement) -> str:
    """How many of how many pictures some view lets a model answer differently, or that none does."""
    changed, count = int((~item.kept()).any(0).sum()), len(item.sweep)
    if count == 1:
        return f"its one picture {'differently for some' if changed else 'alike for every'}"
    alike = f"all {count:,} pictures alike for every"
    return f"{changed:,} of {count:,} pictures differently for some" if changed else alike


def video(items: Sequence[Measurement]) -> str:
    """Finding of clips: how often the answer changes from one frame to the next."""
    said = [f"{item.label} {percent(from_frame_to_frame(item))}" for item in items[:MOST]]
    return f"Answers that change from one frame to the next: {'; '.join(said)}{more(items)}."


def from_frame_to_frame(item: Measurement) -> float:
    """Share of steps from frame to frame at which the answer changes."""
    return float((item.answers[1:] != item.answers[:-1]).mean()) if item.sweep.views > 1 else 0.0


def main_protocol(measured: Measured) -> str | None:
    """Protocol of shifts that the answer speaks of; circular only when there is no other."""
    shifted = [name for name in measured if PROTOCOLS[name].facts["kind"] not in BY_KIND]
    others = sorted(set(shifted) - {*PREFERRED, "circular"})
    return next((name for name in (*PREFERRED, *others, "circular") if name in shifted), None)


BY_KIND: dict[str, Callable[[Sequence[Measurement]], str]] = {
    "rescale": rescale,
    "rotation": rotation,
    "resize": resize,
    "video": video,
}
"""Kind of result -> its finding, where it is not one of shifts."""
