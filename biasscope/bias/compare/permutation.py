"""Permutation tests of two sides for many classes at once: images change sides within their class.

Classes with the same numbers of images share their permutations, as they would share a printed table: each p-value is
valid by itself, and one matrix product serves them all. For the pooled test each of these classes takes them from
another place in the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from biasscope.bias.compare.energy import Units
from biasscope.bias.testing import draws_needed

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Small = NDArray[np.float32]
EXCEEDING = 10
"""A class with at least this many permutations beyond it is not permuted further."""
TIE = 1e-5
"""Relative: a permutation so little below the observed statistic is at it."""
NOTHING = float(np.finfo(np.float32).eps) ** 2
"""Of the squares of all features: where all boxes are alike, statistics are rounding, and are not above that."""
ROOM = 1 << 24
"""Numbers held at once."""


class Tested(NamedTuple):
    """p-values and the number of permutations behind each, one a class; p of the pooled difference."""

    p: Floats
    permutations: Ints
    pooled: float


class _Plan(NamedTuple):
    """Classes with the same numbers of images: centred features (n, C, r), boxes (n, C), and what counts as beyond."""

    classes: Ints
    features: Small
    boxes: Small
    centre: Floats
    smaller: int
    side: int
    least: Floats


def stages(permutations: int, family: int, alpha: float, correction: str) -> tuple[int, ...]:
    """Numbers of permutations after which classes may stop.

    The last is large enough that a lone discovery among ``family`` classes can pass the correction
    (:func:`~biasscope.bias.testing.draws_needed`).

    >>> stages(999, 1000, 0.05, "bh"), stages(999, 10, 0.05, "holm")
    ((999, 4999, 19999), (999,))
    """
    needed, steps = draws_needed(family, alpha, correction), [permutations]
    while steps[-1] < needed:
        steps.append(min(max(steps[-1] * 5 + 4, steps[-1] + 1), needed))
    return tuple(steps)


def permutation_test(units: Units, tested: Sequence[int], steps: Sequence[int], rng: np.random.Generator) -> Tested:
    """P = (b + 1) / (B + 1) of the energy statistic of each class in ``tested``.

    All classes are permuted ``steps[0]`` times. A class with fewer than ``EXCEEDING`` permutations at or beyond its
    statistic goes on to the next stage, and its p is that of all permutations so far. The p-value stays valid: at a
    level of at least (EXCEEDING + 1) / (B + 1) the outcome is decided by B permutations, below it by the later ones,
    and each of these p-values is valid. (After Besag & Clifford 1991, *Sequential Monte Carlo p-values*, Biometrika 78,
    but with stages.)

    Parameters
    ----------
    units
        Images of the classes, sorted by class.
    tested
        Classes to test; each needs an image on both sides.
    steps
        Numbers of permutations after which classes may stop, ascending.
    rng
        Generator that is drawn from.
    """
    classes = int(max(units.owner.max(initial=-1), max(tested, default=-1))) + 1
    p, used = np.full(classes, np.nan), np.zeros(classes, np.int64)
    if not len(tested):
        return Tested(p, used, float("nan"))
    exceeding, open_classes, done, pooled = np.zeros(classes, np.int64), np.asarray(tested, np.int64), 0, float("nan")
    for step in steps:
        plans = list(_plans(units, open_classes))
        beyond, sums = _run(plans, step - done, classes, rng, with_sums=done == 0, width=units.features.shape[1])
        pooled = _pooled_p(units, open_classes, sums) if sums is not None else pooled
        exceeding[open_classes] += beyond[open_classes]
        used[open_classes] = done = step
        p[open_classes] = (exceeding[open_classes] + 1) / (step + 1)
        open_classes = open_classes[exceeding[open_classes] < EXCEEDING]
        if not len(open_classes):
            break
    return Tested(p, used, pooled)


def _plans(units: Units, classes: Ints) -> Iterator[_Plan]:
    """Classes put together by their numbers of images, in pieces that fit into memory."""
    start, stop = (np.searchsorted(units.owner, classes, side) for side in ("left", "right"))
    first = np.array([int((units.side[a:b] == 0).sum()) for a, b in zip(start, stop, strict=True)])
    shape = np.stack([stop - start, first], axis=1)
    for n, m in np.unique(shape, axis=0):
        at = np.flatnonzero((shape == (n, m)).all(1))
        piece = max(1, int(ROOM // (8 * n * units.features.shape[1])))
        for begin in range(0, len(at), piece):
            some = at[begin : begin + piece]
            yield _plan(units, classes[some], start[some], int(n), int(m))


def _plan(units: Units, classes: Ints, start: Ints, n: int, first: int) -> _Plan:
    rows = start[None, :] + np.arange(n)[:, None]
    boxes, features = units.boxes[rows], units.features[rows]
    centre = features.sum(0) / boxes.sum(0)[:, None]
    centred = (features - boxes[..., None] * centre).astype(np.float32)
    smaller, side = min((first, 0), (n - first, 1))
    chosen = slice(0, first) if side == 0 else slice(first, n)
    plan = _Plan(classes, centred, boxes.astype(np.float32), centre, smaller, side, np.zeros(0))
    sums, held = centred[chosen].sum(0)[None], boxes[chosen].sum(0)[None]
    return plan._replace(least=_least(_statistic(plan, sums, held)[0], features, axis=(0, 2)))


def _least(observed: Floats, features: Floats, axis: tuple[int, ...]) -> Floats:
    """Statistics that are at the observed one or beyond it begin here."""
    return np.asarray(observed * (1 - TIE) - NOTHING * np.square(features).sum(axis))


def _statistic(plan: _Plan, sums: Small, held: Floats | Small) -> Floats:
    """Energy statistic ``n_a n_b / (n_a + n_b) D2`` of centred sums over one side, shape (B, C)."""
    total = plan.boxes.sum(0)
    return np.asarray(np.einsum("bcr,bcr->bc", sums, sums) * (total / (held * (total - held))))


def _run(
    plans: list[_Plan], times: int, classes: int, rng: np.random.Generator, *, with_sums: bool, width: int
) -> tuple[Ints, tuple[Floats, Floats] | None]:
    """Permutations at or beyond each class; and, when asked for, the pooled sums of side a of every permutation."""
    beyond = np.zeros(classes, np.int64)
    pooled = (np.zeros((times, width)), np.zeros(times)) if with_sums else None
    for plan in plans:
        n, count, _ = plan.features.shape
        chunk = max(1, min(times, int(ROOM // (4 * max(count * width, n)))))
        for begin in range(0, times, chunk):
            part = slice(begin, min(begin + chunk, times))
            member = _members(part.stop - part.start, n, plan.smaller, rng)
            sums = (member @ plan.features.reshape(n, -1)).reshape(len(member), count, -1)
            held = member @ plan.boxes
            beyond[plan.classes] += (_statistic(plan, sums, held) >= plan.least).sum(0)
            if pooled is not None:
                _add(pooled, part, plan, sums, held)
    return beyond, pooled


def _members(times: int, n: int, chosen: int, rng: np.random.Generator) -> Small:
    """Random subsets of ``chosen`` out of n, one a row, as zeros and ones."""
    member = np.zeros((times, n), np.float32)
    if chosen:
        order = np.argpartition(rng.random((times, n), np.float32), chosen - 1, axis=1)[:, :chosen]
        np.put_along_axis(member, order, 1.0, axis=1)
    return member


def _add(pooled: tuple[Floats, Floats], part: slice, plan: _Plan, sums: Small, held: Small) -> None:
    """Add the sums of side a; a permutation of all classes is another one for each of them."""
    each = np.arange(sums.shape[1])
    at = (np.arange(len(sums))[:, None] + each) % len(sums)
    sums, held = sums[at, each], held[at, each]
    own, boxes = (sums, held) if plan.side == 0 else (-sums, plan.boxes.sum(0) - held)
    pooled[0][part] += own.sum(1) + boxes @ plan.centre
    pooled[1][part] += boxes.sum(1)


def _pooled_p(units: Units, classes: Ints, sums: tuple[Floats, Floats]) -> float:
    held = np.isin(units.owner, classes)
    features, boxes, first = units.features[held], units.boxes[held], units.side[held] == 0
    total, n = features.sum(0), boxes.sum()

    def statistic(side: Floats, count: Floats) -> Floats:
        gap = side / count[:, None] - (total - side) / (n - count)[:, None]
        return np.asarray((gap**2).sum(1) * count * (n - count) / n)

    observed = statistic(features[first].sum(0)[None], np.array([boxes[first].sum()]))
    beyond = int((statistic(*sums) >= _least(observed, features, axis=(0, 1))).sum())
    return (beyond + 1) / (len(sums[1]) + 1)
