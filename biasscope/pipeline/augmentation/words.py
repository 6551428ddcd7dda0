"""The answer in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

from biasscope.core.results import Scalar
from biasscope.pipeline.augmentation.study import MAIN, Estimate, Study

MOST = 5
MOVED = {"shift": "shifted", "rotate": "turned", "scale": "scaled"}
ONE_SEED = "Every network was trained once: the intervals cover the choice of images only, not that of the training."


def percent(value: float) -> str:
    """Share in per cent, without decimals that say nothing."""
    return f"{value * 100:.3g} %"


def answer(studies: Sequence[Study]) -> list[str]:
    """Sentences of the first screen, a model each, the plain net first."""
    said = [sentence(study) for study in studies]
    said += [text for study in studies for text in beyond(study)]
    if any(one.needed.seeds == 1 for study in studies for one in study.main):
        said.append(ONE_SEED)
    return said[:MOST]


def sentence(study: Study) -> str:
    """What each variant of a model needs, beside what the argument says."""
    plain, *others = study.main
    what = "copies" if study.sweep.axes == ("shift",) else "versions"
    moved = " and ".join(MOVED[axis] for axis in study.sweep.axes)
    aim = f"{percent(plain.needed.target)} of pairs of {moved} versions answered alike"
    square, sides = study.argument(plain.variant), study.sweep.subsampling[plain.variant].size_ratio
    claim = (
        f"The subsampling argument says s^2 = {square} {what} (strides), or {sides**2:.3g} (ratio of the sides)."
        if "shift" in study.sweep.axes
        else f"The subsampling argument (s^2 = {square}) is about shifts alone."
    )
    rest = "; ".join(f"{one.variant}: {_brief(one)}" for one in others)
    return f"{study.model}, for {aim}: {plain.variant} {_told(plain)}. {claim}" + (f" {rest}." if rest else "")


def _told(one: Estimate) -> str:
    """Need of a variant with its interval."""
    needed, most = one.needed, int(one.needed.copies.max())
    ends = interval(one)
    if needed.status == "nothing learned":
        return f"does not reach it by n = {most}: nothing was learned"
    if needed.status == "never":
        return f"does not reach it by n = {most}; its law levels off below ({ends})"
    if needed.status == "extrapolated":
        return f"does not reach it by n = {most}; extrapolated, about {amount(needed.n)} copies ({ends})"
    if needed.n <= 1:
        return f"needs no more than 1 copy of each image ({ends})"
    return f"needs about {amount(needed.n)} copies of each image ({ends})"


def _brief(one: Estimate) -> str:
    needed, most = one.needed, int(one.needed.copies.max())
    if needed.status == "extrapolated":
        return f"not by {most}, extrapolated {amount(needed.n)} ({interval(one)})"
    if not isfinite(needed.n):
        return f"not by {most} ({interval(one)})"
    return f"{amount(needed.n)} ({interval(one)})"


def interval(one: Estimate) -> str:
    """Interval of the copies that are needed."""
    needed = one.needed
    share = f"{100 * needed.level:g} % interval"
    if not isfinite(needed.low):
        return f"{share}: no number of copies"
    return f"{share} {amount(needed.low)} to {amount(needed.high)}"


def amount(value: float) -> str:
    """Number of copies in few characters.

    >>> amount(23.456), amount(1234.5), amount(float("inf"))
    ('23', '1234', 'no bound')
    """
    if not isfinite(value):
        return "no bound"
    if value >= 1e6:
        return "over a million"
    return f"{value:.2g}" if value < 100 else f"{value:.0f}"


def beyond(study: Study) -> Iterator[str]:
    """What happens outside the trained range, at the largest number of copies of the first variant."""
    if len(study.regions) < 2:
        return
    first = study.main[0]
    there = [one for one in study.estimates if one.region == "outside" and one.label == first.label]
    found = {one.measure: one for one in there if one.train_images == first.train_images}
    inside = {
        one.measure: one
        for one in study.estimates
        if one.region == "inside" and one.label == first.label and one.train_images == first.train_images
    }
    if {"accuracy"} <= set(found) & set(inside):
        most = int(first.needed.copies.max())
        here, beyond = (side["accuracy"].needed.values[-1] for side in (inside, found))
        yield (
            f"With n = {most}, {study.model} {first.variant} is right in {percent(here)} of the versions inside the "
            f"trained range and {percent(beyond)} outside of it."
        )


def headline(studies: Sequence[Study], scalars: Sequence[Scalar]) -> list[Scalar]:
    """Head numbers: the need of each model's first variant, then of the others."""
    by_name = {one.name: one for one in scalars}
    mains = [study.main for study in studies]
    order = [f"copies_needed@{line[place].label}" for place in range(4) for line in mains if place < len(line)]
    start = [f"{MAIN}_one@{line[0].label}" for line in mains]
    names = [*order, *start, *(one.name for one in scalars)]
    known = [by_name[name] for name in dict.fromkeys(names) if name in by_name and by_name[name].value is not None]
    return known[: max(3, min(5, sum(name in by_name for name in [*order, *start])))]
