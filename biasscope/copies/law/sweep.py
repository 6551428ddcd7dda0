"""Copies needed by each variant of an augmentation sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod, sqrt

import numpy as np
from numpy.typing import NDArray

from biasscope.copies.law.estimate import copies_needed
from biasscope.copies.law.forms import Floats
from biasscope.copies.law.need import CopiesNeeded
from biasscope.copies.result import CopiesSweep
from biasscope.core.errors import UsageError

SURE = 2.0
"""Standard errors by which answers must be better than a constant one."""


def needed(
    found: CopiesSweep,
    target: float | str,
    measure: str,
    region: str,
    train_images: int | None,
    *,
    level: float = 0.95,
    draws: int = 400,
    seed: int = 0,
) -> dict[str, CopiesNeeded]:
    """Copies that reach a target, by variant; see `CopiesSweep.needed`."""
    size = train_images or max(run.train_images for run in found.runs)
    by_image, right = found.by_image(measure, region), found.by_image("accuracy", region)
    if np.isnan(by_image).any():
        raise UsageError(f"no version lies {region} the trained range", hint="Ask for a larger range than is trained.")
    goal = _goal(found, by_image, size, target)
    answers = {}
    for variant in found.variants:
        copies, rows = table(found, variant, size)
        learned = better_than_chance(right[rows], found.chance)
        answers[variant] = copies_needed(
            copies,
            by_image[rows],
            goal,
            learned=learned,
            available=prod(found.available),
            level=level,
            draws=draws,
            seed=seed,
        )
        if isinstance(target, str) and target.partition("@")[0] == variant:
            answers[variant] = _by_definition(answers[variant], int(target.partition("@")[2]))
    return answers


def _by_definition(needed: CopiesNeeded, n: int) -> CopiesNeeded:
    """Need of the variant whose value at n is the target: no more than n, whatever the law and the draws say."""
    if needed.status == "nothing learned":
        return needed
    most = min(needed.n, n)
    draws = np.minimum(needed.draws, n)
    high = float(np.quantile(draws, (1 + needed.level) / 2, method="higher"))
    return replace(needed, n=most, low=min(needed.low, most), high=high, status="reached", draws=draws)


def table(found: CopiesSweep, variant: str, train_images: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of copies (P,) of a variant, and the indices of its networks, (P, S); the seeds that all of them have.

    Where several products have one number of copies, the one that goes equally far with both transformations counts.
    """
    indices: dict[int, dict[int, int]] = {}
    for index, run in sorted(enumerate(found.runs), key=lambda pair: pair[1].unevenness(found.available)):
        if run.variant == variant and run.train_images == train_images:
            indices.setdefault(run.total, {}).setdefault(run.seed, index)
    if not indices:
        raise UsageError(f"no {variant} network was trained on {train_images} images")
    seeds = sorted(set.intersection(*(set(of) for of in indices.values())))
    copies = sorted(indices)
    return np.array(copies), np.array([[indices[n][s] for s in seeds] for n in copies])


def better_than_chance(right: Floats, chance: float) -> NDArray[np.bool_]:
    """Whether networks (P, S, N) are right more often than a constant answer, beyond doubt, (P,)."""
    each = right.mean(1)
    error = each.std(1) / sqrt(each.shape[1])
    return np.asarray(each.mean(1) - SURE * error > chance)


def _goal(found: CopiesSweep, by_image: Floats, size: int, target: float | str) -> float | Floats:
    if not isinstance(target, str):
        return float(target)
    variant, _, number = target.partition("@")
    if variant not in found.variants or not number.isdigit():
        known: Sequence[str] = found.variants
        raise UsageError(f"target {target!r} is not known", hint=f"Say 0.95, or {known[-1]}@1 (variant@copies).")
    copies, rows = table(found, variant, size)
    if int(number) not in copies:
        raise UsageError(f"{variant} was not trained on {number} copies", hint=f"It was on {copies.tolist()}.")
    return np.asarray(by_image[rows[list(copies).index(int(number))]])
