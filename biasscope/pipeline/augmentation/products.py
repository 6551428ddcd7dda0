"""Two transformations at once: every cell, the fits over the cells, and whether the needs multiply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

import numpy as np

from biasscope.copies import surface
from biasscope.copies.interaction import Combined
from biasscope.copies.law.need import amount
from biasscope.copies.surfaces import Surface
from biasscope.core.results import Table
from biasscope.pipeline.augmentation.study import MAIN, Study
from biasscope.pipeline.augmentation.tables import Row, of_rows

ONES = {"shift": "shift", "rotate": "rotation", "scale": "scale"}
LEAST_CELLS = 7


def tables(studies: Sequence[Study]) -> list[Table]:
    """Cells, fits and needs of studies with two transformations; tables without rows where there are none."""
    two = [study for study in studies if len(study.sweep.axes) == 2]
    return [
        of_rows("interaction", [row for study in two for row in _cells(study)], "Two transformations at once", "cell"),
        of_rows("products", [row for study in two for row in _needs(study)], "Does the need multiply?", "network"),
        of_rows("surfaces", [row for study in two for row in _surfaces(study)], "Fits over all cells", "fit"),
    ]


def said(studies: Sequence[Study]) -> list[str]:
    """What follows, a sentence or two a network, and why nothing does."""
    two = [study for study in studies if len(study.sweep.axes) == 2]
    return [text for study in two for text in _sentences(study)]


def answer(studies: Sequence[Study]) -> list[str]:
    """Whether the needs multiply, of the first form of each model, for the first screen."""
    said = []
    for study in studies:
        if len(study.sweep.axes) == 2:
            first = study.sweep.variants[0]
            said += [f"{study.model} {first}, two at once: {text}" for text in _first(study, first)]
    return said


def _first(study: Study, variant: str) -> Iterator[str]:
    """What the needs say where they are finite, else what the fits over all cells say."""
    found = study.combined.get(variant)
    if found and found.to_product is not None:
        yield sentence(study, found)
    elif fitted := _surface(study, variant):
        yield f"the target is not reached by each, but all cells can be compared. {fitted.statement}"
    elif found:
        yield sentence(study, found)


def _sentences(study: Study) -> Iterator[str]:
    reason = study.undivided
    if reason:
        yield f"{study.model}: whether the needs multiply cannot be told, because {reason}."
    for variant in study.sweep.variants:
        label = study.label(variant)
        if not reason:
            yield f"{label}: {sentence(study, study.combined[variant])}"
        fitted = _surface(study, variant)
        few = f"fewer than {LEAST_CELLS} cells of two numbers were learned, too few to fit a surface."
        yield f"{label}: {fitted.statement if fitted else few}"


def sentence(study: Study, one: Combined) -> str:
    """Needs of both transformations, alone and together, and what follows."""
    names = [*(ONES[axis] for axis in study.sweep.axes), "version"]
    first, second, both = (_count(*pair) for pair in zip((one.first, one.second, one.both), names, strict=True))
    return f"{first} alone, {second} alone, {both} for both. {one.statement}"


def _count(value: float, what: str) -> str:
    if not isfinite(value):
        return f"an unknown number of {what}s"
    text = amount(value)
    return f"{text} {what}{'' if text == '1' else 's'}"


def _needs(study: Study) -> Iterator[Row]:
    for variant, one in study.combined.items():
        yield {
            "variant": study.label(variant),
            "metric": MAIN,
            **{f"n_{axis}": value for axis, value in zip(study.sweep.axes, (one.first, one.second), strict=True)},
            "n_both": one.both,
            "product": one.first * one.second,
            "to_product": one.to_product,
            "to_product_low": one.to_product_low,
            "to_product_high": one.to_product_high,
            "to_sum": one.to_sum,
            "to_sum_low": one.to_sum_low,
            "to_sum_high": one.to_sum_high,
            "statement": one.statement,
        }


def _cells(study: Study) -> Iterator[Row]:
    names = [f"n_{name}" for name in study.sweep.axes]
    for variant in study.sweep.variants:
        for cell, value in cells(study, variant).items():
            yield {"variant": study.label(variant), **dict(zip(names, cell, strict=True)), "value": value}


def cells(study: Study, variant: str) -> dict[tuple[int, ...], float]:
    """Consistency inside the trained range in every cell of numbers of copies, mean over seeds and images."""
    values = study.sweep.by_image(MAIN, "inside").mean(1)
    found: dict[tuple[int, ...], list[float]] = {}
    for place, run in enumerate(study.sweep.runs):
        if run.variant == variant and run.train_images == study.sizes[0]:
            found.setdefault(run.copies, []).append(float(values[place]))
    return {cell: float(np.mean(of)) for cell, of in sorted(found.items())}


def _surface(study: Study, variant: str) -> Surface | None:
    known = cells(study, variant)
    learned = next(one.needed.learned.any() for one in study.main if one.variant == variant)
    if len(known) < LEAST_CELLS or not learned:
        return None
    return surface(np.array(list(known), np.int64), np.array(list(known.values())))


def _surfaces(study: Study) -> Iterator[Row]:
    for variant in study.sweep.variants:
        if (found := _surface(study, variant)) is None:
            continue
        laws = {
            "each has its own need": (found.separate, found.cv_separate),
            "only their product counts": (found.total, found.cv_total),
        }
        best = min(error for _, error in laws.values())
        for law, (numbers, error) in laws.items():
            shape = ", ".join(f"{name} {value:.3g}" for name, value in numbers.items())
            yield {
                "variant": study.label(variant),
                "law": law,
                "shape": shape,
                "cv_error": error,
                "chosen": error == best,
            }
