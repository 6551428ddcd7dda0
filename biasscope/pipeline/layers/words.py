"""The answer in words: short, the most important first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from biasscope.core.results import Result, Scalar
from biasscope.pipeline.common.numbers import percent
from biasscope.pipeline.layers.differences import Difference, differences
from biasscope.pipeline.layers.jumps import LEAST, Jump, comparable, jumps, largest
from biasscope.pipeline.layers.measurement import Measurement

MOST = 4
CIRCULAR = (
    "Circular shifts bring back on one side what leaves on the other, so padding counts as an error too where a margin "
    "does not leave it out, and in global sums; --protocol embed or crop moves pictures as cameras do."
)
POLYPHASE = (
    "Polyphase layers move by whole steps of their grid, never by fractions of one: between multiples of the stride "
    "their lattices, which compare with a Fourier shift, show large errors, although they are exact at multiples."
)
TOLD = ("blame", "attribution")
"""Kinds of results whose finding belongs to the answer."""
PREFERRED = ("nonshiftability", "sum_variation", "phase_variance", "equivariance_l2", "equivariance_cosine")


def main_measure(items: Sequence[Measurement]) -> str | None:
    """Measure that the answer speaks of."""
    return next((name for name in PREFERRED if any(name in item.last.measures for item in items)), None)


def shown(measure: str, value: float | None) -> str:
    """Value of a measure; shares in per cent."""
    if value is None:
        return "undefined"
    return percent(value, 0 if value > 0.1 else 1) if measure == "nonshiftability" else f"{value:.3g}"


def ends(measure: str, low: float | None, high: float | None) -> str:
    """Interval in brackets."""
    if low is None or high is None:
        return ""
    if measure == "nonshiftability":
        return f" ({low * 100:.0f} to {high * 100:.0f})"
    return f" ({low:.3g} to {high:.3g})"


def signed(measure: str, value: float) -> str:
    """Difference with its sign."""
    return f"{value * 100:+.0f} points" if measure == "nonshiftability" else f"{value:+.3g}"


def lost(items: Sequence[Measurement]) -> Iterator[str]:
    """Where shiftability is lost in the first model, and in how many the largest rise is at a layer that subsamples."""
    measure = main_measure(items)
    first = items[0]
    if measure is None or measure not in first.last.measures:
        yield f"{len(first.trace.layers)} layers of {first.label} were traced."
        return
    found, title = first.last.measures[measure], f"{_capital(first.last.measures[measure].title)} of {first.label}"
    if found.value is None:
        why = f" ({found.note})" if found.note else ""
        yield f"{title} is undefined at {first.place}, {first.last.name}{why}."
    else:
        value = f"{shown(measure, found.value)}{ends(measure, found.low, found.high)}"
        yield f"{title} reaches {value} at {first.place}, {first.last.name}."
    if comparable(first, measure):
        yield from _rise(first, measure)


def _rise(item: Measurement, measure: str) -> Iterator[str]:
    found, jump = jumps(item, measure), largest(item, measure)
    if jump is None or jump.rise <= 0:
        yield f"It rises at none of them above {item.units[0].end.name}." if item.picked else "It rises at no layer."
        return
    rise = f"{signed(measure, jump.rise)}{ends(measure, jump.low, jump.high)}"
    rise += ", not told from chance" if jump.low is not None and jump.low <= 0 else ""
    yield f"Its largest rise, {rise}, is at {jump.layer.name}, {where(jump)}{_share(item, found)}."


def _share(item: Measurement, found: Sequence[Jump]) -> str:
    """How much of all rises is at layers that subsample; what layers did that were not looked at cannot be told."""
    share = percent(sum(one.share for one in found if one.subsampling), 0)
    if not item.picked:
        return f"; {share} of all its rise is at layers that subsample"
    if any(one.hidden for one in found) or all(unit.subsampling for unit in item.units):
        return ""
    return f"; {share} of its rise from one of them to the next is at those that subsample"


def where(jump: Jump) -> str:
    """Whether something subsamples where a measure rises."""
    if jump.subsampling:
        said = "which subsamples" if jump.subsampling == jump.layer.name else f"where {jump.subsampling} subsamples"
        return f"{said}, as do layers before it that were not looked at" if jump.hidden else said
    return "behind layers that subsample and were not looked at" if jump.hidden else "where nothing subsamples"


def forms(items: Sequence[Measurement]) -> Iterator[str]:
    """Forms against their baseline, on the same images."""
    measure = main_measure(items)
    found = [one for one in differences(items) if one.measure == measure]
    if not found or measure is None:
        return
    named = "; ".join(_form(measure, one) for one in found[:MOST])
    against = "its baseline" if len({one.against for one in found}) > 1 else found[0].against
    title = found[0].title
    yield f"{_capital(title)} there, less that of {against} on the same images: {named}."


def _form(measure: str, one: Difference) -> str:
    if abs(one.value) < LEAST:
        return f"{one.model} none"
    chance = ", not told from chance" if one.by_chance else ""
    return f"{one.model} {signed(measure, one.value)}{ends(measure, one.low, one.high)}{chance}"


def _capital(title: str) -> str:
    return f"{title[:1].upper()}{title[1:]}"


def answer(items: Sequence[Measurement], others: Sequence[Result]) -> list[str]:
    """Sentences of the first screen, at most five."""
    said = [" ".join(lost(items)), *forms(items)]
    said += [f"{result.finding}{apart(items, result)}" for result in others if result.kind in TOLD]
    return said[:5]


def apart(items: Sequence[Measurement], blame: Result) -> str:
    """Why the largest rise and the most blame may name different layers of the first model, where both are told."""
    measure = main_measure(items)
    jump = largest(items[0], measure) if measure is not None else None
    table = blame.table("layers") if blame.kind == "blame" else None
    if jump is None or table is None or (jump.low is not None and jump.low <= 0):
        return ""
    columns = (table[name] for name in ("model", "layer", "effect", "rank"))
    rows = [row for row in zip(*columns, strict=True) if row[0] == items[0].label and row[2] is not None]
    most = max(rows, key=lambda row: float(row[2] or 0.0), default=None)
    top = None if most is None or most[3] is None else str(most[1])
    risen = {jump.layer.name, jump.subsampling or jump.layer.name}
    if top is None or any(_same(top, name) for name in risen):
        return ""
    return (
        f" The largest rise is elsewhere, at {jump.layer.name}: it says where maps stop moving, which padding and few "
        "positions do as well; blame is causal, it says what changes the answer."
    )


def _same(one: str, other: str) -> bool:
    """Whether two names mean a layer and itself, or one and a part of it."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def headline(result: Result, others: Sequence[Result], items: Sequence[Measurement]) -> list[Scalar]:
    """Head numbers: the first model's main measure and rise, the best form, blame, explanations."""
    measure, first = main_measure(items), items[0].label
    by_name = {one.name: one for one in result.scalars}
    names = [f"{measure}@{first}", f"jump@{first}"]
    better = [one for one in differences(items) if one.measure == measure]
    if better:
        best = min(better, key=lambda one: one.value)
        names.append(f"{measure}_difference@{best.model}")
    if len(items) > 1 and not better:
        names.append(f"{measure}@{items[1].label}")
    chosen = [by_name[name] for name in names if name in by_name]
    spare = [one for one in result.scalars if one not in chosen and one.name.endswith(f"@{first}")]
    found = chosen + [one for other in others if other.kind in TOLD for one in other.scalars[:1]]
    return (found + spare)[: max(3, min(len(found), 5))]
