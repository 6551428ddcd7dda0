"""A plan within a time budget: what is left out first, and how that is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil

from biasscope.copies.plan import Plan, Speed

LEAST_SEEDS, LEAST_STEPS_SHARE = 2, 0.25
BUDGET = "Time budget"
"""How the note begins that says what was left out."""


def thin(plan: Plan, speed: Speed, limit: float) -> Plan:
    """Leave out what costs the estimate least until a plan fits a time budget, and say so.

    First smaller training sets, then repetitions down to two, then every second number of copies between the first and
    the last, then the last repetition but one, then steps down to a quarter. What still does not fit is said as well.

    Parameters
    ----------
    speed
        Seconds a step and seconds besides (evaluation) of a network, by variant.
    limit
        Seconds for all networks.

    Examples
    --------
    >>> from biasscope.copies.plan import make_plan
    >>> plan = make_plan([1, 2, 4], ["plain"], [100], available=[16], seeds=5, steps=100)
    >>> short = thin(plan, {"plain": (0.01, 0.0)}, limit=8)
    >>> len(plan.runs), len(short.runs), short.notes
    (15, 6, ('Time budget of 8 s: seeds thinned from 5 to 2.',))
    """
    kept, said = plan, []
    for shorten in _WAYS:
        while kept.seconds(speed) > limit and (shorter := shorten(kept)) != kept:
            kept = shorter
    for (name, before), after in zip(_sizes(plan).items(), _sizes(kept).values(), strict=True):
        said += [f"{name} thinned from {before} to {after}"] if before != after else []
    if kept.steps is not None and kept.seconds(speed) > limit:
        besides = replace(kept, steps=0).seconds(speed)
        share = (limit - besides) / (kept.seconds(speed) - besides)
        steps = ceil(kept.steps * min(max(share, LEAST_STEPS_SHARE), 1))
        said.append(f"steps thinned from {kept.steps} to {steps}")
        kept = replace(kept, steps=steps)
    if (needed := kept.seconds(speed)) > limit * 1.05:
        said.append(f"the least plan still takes about {needed:.0f} s")
    notes = (f"{BUDGET} of {limit:.3g} s: {'; '.join(said)}.",) if said else ()
    return replace(kept, notes=plan.notes + notes)


def _sizes(plan: Plan) -> dict[str, int]:
    runs = plan.runs
    return {
        "training-set sizes": len({run.train_images for run in runs}),
        "seeds": len({run.seed for run in runs}),
        "numbers of copies": len({run.copies for run in runs}),
    }


def _fewer_images(plan: Plan) -> Plan:
    sizes = sorted({run.train_images for run in plan.runs})
    return replace(plan, runs=tuple(run for run in plan.runs if run.train_images != sizes[0] or len(sizes) == 1))


def _fewer_seeds(least: int) -> Callable[[Plan], Plan]:
    def shorten(plan: Plan) -> Plan:
        last = max(run.seed for run in plan.runs)
        return replace(plan, runs=tuple(run for run in plan.runs if run.seed != last or last < least))

    return shorten


def _fewer_copies(plan: Plan) -> Plan:
    """Keep the first, the last and every second between them on each axis; at least three stay."""
    axes = [sorted(set(axis)) for axis in zip(*(run.copies for run in plan.runs), strict=True)]
    if max(len(axis) for axis in axes) <= 3:
        return plan
    kept = [{*axis[::2], axis[-1]} if len(axis) > 3 else set(axis) for axis in axes]
    return replace(plan, runs=tuple(r for r in plan.runs if all(n in k for n, k in zip(r.copies, kept, strict=True))))


_WAYS: tuple[Callable[[Plan], Plan], ...] = (
    _fewer_images,
    _fewer_seeds(LEAST_SEEDS),
    _fewer_copies,
    _fewer_seeds(1),
)
