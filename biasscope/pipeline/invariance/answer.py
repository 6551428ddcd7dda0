"""The sentences of the first screen: at most five, the most important first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from biasscope.core.words import counted
from biasscope.pipeline.common.numbers import bounds, percent, points
from biasscope.pipeline.invariance import words
from biasscope.pipeline.invariance.differences import Difference, differences
from biasscope.pipeline.invariance.measurement import Measurement, Real, interval_of
from biasscope.pipeline.invariance.words import Measured, main_protocol

SENTENCES = 5
UNLABELLED = "The {}s have no labels, so nothing is said on accuracy."


def answer(measured: Measured, phrases: Mapping[str, str], kinds: Mapping[str, str], problems: str = "") -> list[str]:
    """Sentences of the first screen; what else is to be said of a protocol or a model stands in the sections.

    Parameters
    ----------
    measured
        Protocol -> measurements.
    phrases
        Protocol -> the conditions in words.
    kinds
        Protocol -> kind of result.
    problems
        What is said of pictures that could not be used as they are.
    """
    main = main_protocol(measured)
    others = [name for name in measured if name != main]
    if main is None:
        main, others = others[0], others[1:]
        said = [words.BY_KIND[kinds[main]](measured[main])]
    else:
        said = list(about_shifts(measured[main], phrases[main]))
    last = [words.CIRCULAR] if main == "circular" and measured[main][0].sweep.views > 1 else []
    labelled = any(item.labelled for items in measured.values() for item in items)
    noun = "clip" if set(kinds.values()) == {"video"} else "picture"
    last += ([] if labelled else [UNLABELLED.format(noun)]) + ([problems] if problems else [])
    brief = [_others({name: measured[name][0] for name in others}, kinds)] if others else []
    return [*[*said, *brief][: SENTENCES - len(last)], *last]


def _others(first: Mapping[str, Measurement], kinds: Mapping[str, str]) -> str:
    """What the first model does under the other protocols, a few words each."""
    label = next(iter(first.values())).label
    said = [_BRIEF.get(kinds[name], _pairs)(name, item) for name, item in first.items()]
    return f"Otherwise {label}: {'; '.join(said)}."


def _pairs(protocol: str, item: Measurement) -> str:
    if item.sweep.views < 2:
        return f"{protocol}, one view alone"
    caution = ", which no camera makes (Shifman & Weiss 2024)" if protocol == "circular" else ""
    pairs = "random pairs of windows" if protocol == "pairs" else f"pairs of {protocol} shifts"
    return f"{percent(words.consistency_of(item))} of {pairs} alike{caution}"


def _size(protocol: str, item: Measurement) -> str:
    sizes = np.asarray(item.sweep.coordinates["size"], float)
    smallest = int(sizes.argmin())
    at = f"at {sizes[smallest]:g} pixels"
    if item.labelled:
        return f"{percent(float(item.right()[smallest].mean()))} right {at}"
    return f"{percent(float(item.kept()[smallest].mean()))} {at} as at {sizes[item.sweep.reference]:g}"


def _turned(protocol: str, item: Measurement) -> str:
    turned = words.turns(item)
    return f"{percent(float(item.kept()[turned == turned.max()].mean()))} as upright at {turned.max():g} degrees"


def _resized(protocol: str, item: Measurement) -> str:
    return f"{words.changed(item)} resize implementation"


def _filmed(protocol: str, item: Measurement) -> str:
    return f"{percent(words.from_frame_to_frame(item))} of answers change from frame to frame"


_BRIEF: dict[str, Callable[[str, Measurement], str]] = {
    "rescale": _size,
    "rotation": _turned,
    "resize": _resized,
    "video": _filmed,
}


def about_shifts(items: Sequence[Measurement], phrase: str) -> Iterator[str]:
    """Consistency of the first model, what the others change, and the worst case."""
    first, consistency = items[0], items[0].consistency
    if first.sweep.views < 2:
        yield words.shifts(items, "", phrase)
        return
    if consistency is not None:
        ends = bounds(consistency.low, consistency.high)
        yield f"{first.label} keeps its answer in {percent(consistency.value)}{ends} of pairs of shifts ({phrase})."
    found = differences(items)
    yield from _variants(found)
    others = [item for item in items[1:] if item.label not in {one.model for one in found}]
    if others:
        yield _beside_the_first(first, others)
    yield _always(items)


def _beside_the_first(first: Measurement, others: Sequence[Measurement]) -> str:
    """Consistency of other models; of how many pictures, where a model takes others than the first."""
    same = all(set(item.sweep.image_ids) == set(first.sweep.image_ids) for item in others)
    named = [
        f"{item.label} {percent(words.consistency_of(item))}"
        + ("" if same else f" ({counted(len(item.sweep), 'picture')})")
        for item in others[: words.MOST]
    ]
    where = "On the same pictures" if same else "Each on the pictures that it takes"
    return f"{where}: {'; '.join(named)}{words.more(others)}."


def _variants(found: Sequence[Difference]) -> Iterator[str]:
    """The variant that differs most from its baseline, with what chance and arithmetic allow; then the others."""
    ordered = sorted((one for one in found if one.measure == "consistency"), key=lambda one: -abs(one.value))
    for item in ordered[:1]:
        accuracy = next((one for one in found if one.model == item.model and one.measure == "accuracy"), None)
        yield f"{_compared(item)}{_beside(accuracy)}"
    if rest := ordered[1:]:
        named = [f"{one.model} {one.value * 100:+.1f} points{_aside(one)}" for one in rest[: words.MOST]]
        yield f"Consistency of other variants: {'; '.join(named)}{words.more(rest)}."


def _aside(item: Difference) -> str:
    return "" if item.verdict == "larger than chance" else f" ({item.verdict})"


def _compared(item: Difference) -> str:
    ends = _signed(item)
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
        return "; its accuracy is not told from that of the other."
    verb = "higher" if accuracy.value > 0 else "lower"
    return f"; its accuracy over the shifts is {verb} by {points(accuracy.value)}."


def _signed(item: Difference) -> str:
    return f"{item.low * 100:+.1f} to {item.high * 100:+.1f}"


def _always(items: Sequence[Measurement]) -> str:
    """Worst case: right at every shift, or one answer at every shift; the interval of the first model alone."""
    said = []
    for item in items[: words.MOST]:
        hits: Real = (item.right() if item.labelled else item.kept()).all(0).astype(float)
        low, high = (float(end) for end in interval_of(hits.mean(), len(hits)))
        said.append(f"{item.label} {percent(float(hits.mean()))}{bounds(low, high) if item is items[0] else ''}")
    what = "right at every one of these shifts" if items[0].labelled else "answered the same at every one of them"
    return f"Pictures that are {what}: {'; '.join(said)}{words.more(items)}."
