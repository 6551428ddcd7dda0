"""What a comparison says in words: its sentence and its notes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from biasscope.bias.columns import sampled_note
from biasscope.bias.compare.evidence import Evidence
from biasscope.core.results import Cell, Scalar
from biasscope.core.words import counted

THESE = "over all of these together"


def finding(scalars: Mapping[str, Scalar], names: tuple[str, str], alpha: float) -> str:
    """In how many classes the sides differ, and whether they do over all of them: by corrected p where there are."""
    tested, many = (int(scalars[name].value or 0) for name in ("tested", "tested_scale"))
    together = _together(scalars, (tested, many), alpha)
    if not tested and not many:
        none = f"{names[0]} and {names[1]} share no class with enough images on both sides to be compared"
        return f"{none} by itself; {together}." if together else f"{none}."
    counts = [int(scalars[name].value or 0) for name in ("classes_different", "classes_different_scale")]
    position = (
        f"in position in {counts[0]:,} of {counted(tested, 'tested class')}"
        if tested
        else "in position in none, as no class has enough images with free room on both sides,"
    )
    said = f"{names[0]} and {names[1]} differ {position} and in scale in {counts[1]:,} of {many:,}"
    return f"{said}; {together}." if together else f"{said}."


def _together(scalars: Mapping[str, Scalar], tested: tuple[int, int], alpha: float) -> str:
    """What the pooled tests say, each after the boxes it speaks of, the tested classes first; empty without tests."""
    decides, named = ("pooled_q", "corrected p") if "pooled_q" in scalars else ("pooled_p", "p")
    said: dict[str, list[str]] = {}
    for suffix, what, classes in zip(("", "_scale"), ("position", "scale"), tested, strict=True):
        value, within = scalars[f"{decides}{suffix}"].value, scalars[f"pooled_p{suffix}"].n
        if value is not None:
            differs = "differs" if value <= alpha else "does not measurably differ"
            said.setdefault(_over(within, classes), []).append(f"{what} {differs} ({named} = {value:.2g})")
    ordered = sorted(said, key=lambda over: over != THESE)
    return "; ".join(f"{over} {' and '.join(said[over])}" for over in ordered)


def _over(within: int | None, tested: int) -> str:
    """Which boxes a pooled p speaks of, from the classes within which it permutes and those that are tested alone."""
    if within is None:
        return "over all boxes together, whatever their class,"
    return THESE if within == tested else f"over {counted(within, 'class')} on both sides together"


def notes(found: Evidence, parameters: Mapping[str, Cell]) -> list[str]:
    """What distances and p-values are, what was sampled, and which classes were not tested."""
    shared = found.sides.occurs.all(1)
    missing, few = int((~shared).sum()), int((shared & ~np.isfinite(found.looks["position"].p)).sum())
    said = [
        "Distance is the root of the energy coefficient of inhomogeneity: 0 when both sides have the same law, 1 when "
        "each sits in a point of its own. It is unbiased in the square, over pairs of images. In simulations its "
        "95 % interval covered 90 to 100 % away from 0, and always at 0.",
        "p-values come from permuting images between the sides within their class, (b + 1) / (B + 1). Classes with "
        "fewer than 10 permutations beyond them are permuted further, up to the number that a lone discovery needs.",
        *_pooled_notes(found),
        f"Position and scale are a family of tests each (correction: {parameters['correction']}).",
    ]
    if parameters["per_image"] == "one":
        said.append(
            "One box of a class an image is compared, chosen at random; for all classes together, one an image."
        )
    elif found.sides.alone is not found.sides and any(look.within for look in found.looks.values()):
        said.append("Every box counts; the pooled p takes one class of an image, chosen at random, and all its boxes.")
    if found.sides.sampled:
        said.append(sampled_note(*found.sides.columns))
    if missing:
        where = "on one side of the sample" if any(side.drawn for side in found.sides.columns) else "on one side"
        occur = f"occurs {where} only; it is" if missing == 1 else f"occur {where} only; they are"
        said.append(f"{counted(missing, 'class')} {occur} listed and not tested.")
    if few:
        said.append(
            f"{counted(few, 'class')} {'is' if few == 1 else 'are'} not tested, with fewer than "
            f"{parameters['minimum']} usable images on a side{' of the sample' if found.sides.sampled else ''}."
        )
    return said


def _pooled_notes(found: Evidence) -> list[str]:
    """Within what the pooled p compares the sides, which may differ between position and scale."""
    kinds = {look.within > 0 for look in found.looks.values() if not np.isnan(look.pooled)}
    mixed = {
        True: "The pooled p compares the sides within classes, so a different mix of classes does not make it small.",
        False: "Where the classes on both sides hold too few images, each of which stands for one of its classes, the "
        "pooled p compares all boxes whatever their class: a different mix of classes can make it small.",
    }
    return [mixed[kind] for kind in sorted(kinds, reverse=True)]
