"""Which networks are trained: copies x variants x seeds x training-set sizes, and how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil, prod

from biasscope.copies.run import Run
from biasscope.core.errors import UsageError

Speed = Mapping[str, tuple[float, float]]
"""Seconds a gradient step and seconds an answer (one held-out image in one version), by variant."""
MOST_RUNS = 100_000


@dataclass(frozen=True)
class Plan:
    """Networks to be trained and their budget.

    Attributes
    ----------
    runs
        Networks, in the order of variants, training-set sizes, copies, seeds.
    steps
        Gradient steps of every network: diversity is separated from compute. ``None`` where epochs are fixed.
    epochs
        Passes over all copies of all training images, where that is fixed instead of the steps.
    batch
        Images a step.
    test_images
        Held-out images that every network is asked about.
    asked
        Versions in which it is asked about them, a number for each axis of the transformation.
    notes
        What was left out, and why.

    Examples
    --------
    >>> from biasscope.copies import make_plan
    >>> plan = make_plan([1, 4], ["plain"], [100], available=[16], seeds=2)
    >>> len(plan.runs), plan.steps
    (4, 300)
    """

    runs: tuple[Run, ...]
    steps: int | None = 300
    epochs: float | None = None
    batch: int = 64
    test_images: int = 1
    asked: tuple[int, ...] = (1,)
    notes: tuple[str, ...] = ()

    def steps_of(self, run: Run) -> int:
        """Gradient steps of a network."""
        if self.steps is not None:
            return self.steps
        return max(ceil((self.epochs or 1) * run.train_images * run.total / self.batch), 1)

    def seconds(self, speed: Speed) -> float:
        """Time of the whole plan: training and asking."""
        return sum(self.steps_of(run) * speed[run.variant][0] for run in self.runs) + self.asking(speed)

    def asking(self, speed: Speed) -> float:
        """Time that the networks take to answer."""
        return self.test_images * prod(self.asked) * sum(speed[run.variant][1] for run in self.runs)


def make_plan(
    copies: Sequence[int | Sequence[int]],
    variants: Sequence[str],
    train_images: Sequence[int],
    *,
    available: Sequence[int],
    seeds: int = 5,
    steps: int | None = 300,
    epochs: float | None = None,
    batch: int = 64,
    test_images: int = 1,
    asked: tuple[int, ...] = (1,),
) -> Plan:
    """Cross copies, variants, training-set sizes and seeds.

    Parameters
    ----------
    copies
        Numbers of copies; for several axes one tuple each, or numbers that are crossed with themselves.
    variants
        Names of the forms.
    train_images
        Training-set sizes.
    available
        Number of different transformations on each axis; larger numbers of copies are cut to it, which is noted.
    seeds
        Number of repetitions.
    steps, epochs
        The budget; ``epochs`` wins where it is given.
    batch
        Images a step.
    test_images, asked
        Held-out images, and versions on each axis in which they are asked about.

    Returns
    -------
        Networks, in the order of variants, training-set sizes, copies, seeds.

    Raises
    ------
    UsageError
        A list is empty or a number is not positive.

    Examples
    --------
    >>> plan = make_plan([1, 4, 16], ["plain", "antialias"], [100], available=[16], seeds=2)
    >>> len(plan.runs), plan.steps_of(plan.runs[0])
    (12, 300)
    """
    given = _cells(copies, len(available))
    _check(given, variants, train_images, seeds, steps if epochs is None else epochs, batch)
    cells = list(dict.fromkeys(tuple(map(min, cell, available)) for cell in given))
    if (count := len(cells) * len(set(variants)) * len(set(train_images)) * seeds) > MOST_RUNS:
        raise UsageError(f"a plan of {count:,} networks", hint=f"Ask for at most {MOST_RUNS:,}.")
    cut = any(cell not in cells for cell in given)
    text = f"There are only {' x '.join(map(str, available))} different versions of an image; more copies were cut."
    runs = tuple(
        Run(variant, cell, size, seed)
        for variant, size, cell, seed in product(
            dict.fromkeys(variants), dict.fromkeys(train_images), cells, range(seeds)
        )
    )
    notes = (text,) if cut else ()
    return Plan(runs, steps if epochs is None else None, epochs, batch, test_images, asked, notes)


def _cells(copies: Sequence[int | Sequence[int]], axes: int) -> list[tuple[int, ...]]:
    whole = [number for number in copies if isinstance(number, int)]
    crossed = list(product(whole, repeat=axes)) if whole else []
    given = [tuple(cell) for cell in copies if not isinstance(cell, int)]
    if any(len(cell) != axes for cell in given):
        what = f"there {'is one transformation' if axes == 1 else f'are {axes} transformations'}"
        raise UsageError(what, where="copies", hint="Give one number of copies for each, as 4x3 for two of them.")
    return crossed + given


def _check(
    cells: list[tuple[int, ...]],
    variants: Sequence[str],
    sizes: Sequence[int],
    seeds: int,
    length: float | None,
    batch: int,
) -> None:
    if not (cells and variants and sizes):
        raise UsageError("a plan needs at least one number of copies, one variant and one training-set size")
    numbers = [number for cell in cells for number in cell] + [*sizes, seeds, batch, length or 0]
    if min(numbers) <= 0:
        raise UsageError("numbers of copies, images, seeds, steps and the batch are positive")
