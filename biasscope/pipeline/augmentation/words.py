"""The answer in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from biasscope.copies.law.need import NO_LAW, amount, in_copies
from biasscope.copies.thinning import BUDGET
from biasscope.core.results import Scalar
from biasscope.pipeline.augmentation.study import MAIN, Estimate, Study

LEAST, MOST = 3, 5
MOSTLY = 0.9
MOVED = {"shift": "shifted", "rotate": "turned", "scale": "scaled"}
ONE_SEED = "Every network was trained once: the intervals cover the choice of images only, not that of the training."


def percent(value: float) -> str:
    """Share in per cent, without decimals that say nothing."""
    return f"{value * 100:.3g} %"


def answer(studies: Sequence[Study], more: Sequence[str] = ()) -> list[str]:
    """Sentences of the first screen, a model each, the plain net first; then what else was found."""
    said = [sentence(study) for study in studies]
    said += unshown(studies)
    said += more
    said += [text for study in studies for text in beyond(study)]
    if any(one.needed.seeds == 1 for study in studies for one in study.main):
        said.append(ONE_SEED)
    return said[:MOST]


def sentence(study: Study) -> str:
    """What each variant of a model needs, and what the argument says."""
    first = study.main[0]
    moved = " and ".join(MOVED[axis] for axis in study.sweep.axes)
    aim = f"{percent(first.needed.target)} of pairs of {moved} versions answered alike{_whose(study)}"
    told = "; ".join(f"{one.variant} {_told(one)}" for one in study.main)
    return f"{study.model}, for {aim}: {told}. {_claim(study)}"


def _whose(study: Study) -> str:
    """Whose consistency the target is, where it is that of a variant."""
    if not isinstance(study.target, str):
        return ""
    return f", what {_variant(study.target)}"


def _variant(target: str) -> str:
    """A variant and its number of copies in words, of ``antialias@1``."""
    variant, _, number = target.partition("@")
    return f"{variant} reaches with {in_copies(int(number))}"


def _claim(study: Study) -> str:
    first = study.main[0].variant
    square, sides = study.argument(first), study.sweep.subsampling[first].size_ratio ** 2
    if "shift" not in study.sweep.axes:
        return f"The subsampling argument (s² = {square}) is about shifts alone."
    what = ("copy" if square == 1 else "copies") if study.sweep.axes == ("shift",) else "shifts"
    by_sides = "" if round(sides) == square else f" by strides, {sides:.3g} by the ratio of the sides"
    return f"The subsampling argument says s² = {square} {what}{by_sides}."


def finding(studies: Sequence[Study]) -> str:
    """How many forms reach the target, beside what the argument asks for."""
    mains = [one for study in studies for one in study.main]
    reached, most = sum(one.needed.reached for one in mains), max(int(one.needed.copies.max()) for one in mains)
    squares = " and ".join(map(str, dict.fromkeys(study.argument(study.main[0].variant) for study in studies)))
    target = studies[0].target
    aim = (
        f"the consistency that {_variant(target)}" if isinstance(target, str) else f"a consistency of {percent(target)}"
    )
    return (
        f"{reached} of {len(mains)} networks {'reaches' if reached == 1 else 'reach'} {aim}, with at "
        f"most {most} versions of each image; the subsampling argument asks for s² = {squares}."
    )


def _told(one: Estimate) -> str:
    """Need of a variant with its interval."""
    needed = one.needed
    if not needed.reached:
        return f"does not get there {needed.missed}"
    if needed.n <= 1:
        sure = needed.low == needed.high
        return f"needs no more than 1 copy of each image{'' if sure else f' ({needed.interval})'}"
    if not needed.law:
        return f"needs at most {in_copies(needed.n)} of each image ({needed.interval}; {NO_LAW})"
    return f"needs about {in_copies(needed.n)} of each image ({needed.interval})"


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


def unshown(studies: Sequence[Study]) -> list[str]:
    """Numbers of copies that training was too short to show; said once of models of which the same is true."""
    models: dict[tuple[str, str], list[str]] = {}
    for study in studies:
        if short := few_shown(study):
            models.setdefault((_listed(short), _seen(short.values())), []).append(study.model)
    return [
        f"With n = {numbers}, {' and '.join(names)} saw only {seen}, because training ended there: what more copies "
        "than that give was not tried. More steps or fewer training images show more."
        for (numbers, seen), names in models.items()
    ]


def _seen(versions: Collection[float]) -> str:
    """What networks saw: versions of each image, or a share of the images where that is less than one of each."""
    if max(versions) < 1:
        return f"{_joined(map(percent, versions))} of the training images, each in one version"
    return f"{_listed(versions)} versions of each training image"


def few_shown(study: Study) -> dict[int, float]:
    """Numbers of copies that networks saw less than `MOSTLY` of, with how many they saw; the largest training set."""
    return {n: seen for n, seen in sorted(study.shown(study.sizes[0]).items()) if seen < MOSTLY * n}


def _listed(numbers: Iterable[float]) -> str:
    return _joined(amount(number) for number in numbers)


def _joined(words: Iterable[str]) -> str:
    texts = list(dict.fromkeys(words))
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def thinned(studies: Sequence[Study]) -> list[str]:
    """What a time budget left out; said once of models that lost the same."""
    models: dict[str, list[str]] = {}
    for study in studies:
        for note in study.sweep.notes:
            if note.startswith(BUDGET):
                models.setdefault(note, []).append(study.model)
    return [f"{', '.join(names)}: {note}" for note, names in models.items()]


def headline(studies: Sequence[Study], scalars: Sequence[Scalar]) -> list[Scalar]:
    """Head numbers: the need of each model's variants, the first ones in front; what is not reached shows how far."""
    by_name = {one.name: one for one in scalars}
    mains = [study.main for study in studies]
    forms = [line[place] for place in range(max(map(len, mains))) for line in mains if place < len(line)]
    names = [f"{'copies_needed' if one.needed.reached else f'{MAIN}_most'}@{one.label}" for one in forms]
    names += [f"{MAIN}_one@{line[0].label}" for line in mains]
    more = [one.name for one in scalars if one.value is not None]
    known = [by_name[name] for name in dict.fromkeys([*names, *more]) if name in by_name]
    return known[: max(LEAST, min(len(names), MOST))]
