"""A plan within a time budget: what is left out first, and how that is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil, prod

from biasscope.copies.plan import Plan, Speed

LEAST_SEEDS, LEAST_STEPS_SHARE = 2, 0.25
LEAST_TESTS, LEAST_VERSIONS = 100, 16
ASKING = 0.1
"""Share of the time that asking may take before less is asked."""
BUDGET = "Time budget"
"""How the note begins that says what was left out."""


def thin(plan: Plan, speed: Speed, limit: float, *, spent: float = 0.0) -> Plan:
    """Leave out what costs the estimate least until a plan fits a time budget, and say so.

    First, where asking takes more than a tenth of the time, held-out images down to a hundred and versions down to
    sixteen an axis; then smaller training sets, repetitions down to two, every second number of copies between the
    first and the last, the last repetition but one, and steps down to a quarter. What still does not fit is said too.

    Parameters
    ----------
    plan
        What is to be trained.
    speed
        Seconds a step and seconds an answer, by variant.
    limit
        Seconds for everything.
    spent
        Seconds of them that are over.

    Returns
    -------
        The plan itself if it fits, otherwise a smaller one whose notes say what was left out.

    Examples
    --------
    >>> from biasscope.copies.plan import make_plan
    >>> plan = make_plan([1, 2, 4], ["plain"], [100], available=[16], seeds=5, steps=100)
    >>> short = thin(plan, {"plain": (0.01, 0.0)}, limit=8)
    >>> len(plan.runs), len(short.runs), short.notes
    (15, 6, ('Time budget of 8 s: seeds thinned from 5 to 2.',))
    """
    kept, said, left = plan, [], limit - spent
    for shorten in (lambda longer: _fewer_questions(longer, speed), *_WAYS):
        while kept.seconds(speed) > left and (shorter := shorten(kept)) != kept:
            kept = shorter
    for (name, before), after in zip(_sizes(plan).items(), _sizes(kept).values(), strict=True):
        said += [f"{name} thinned from {before} to {after}"] if before != after else []
    if kept.steps is not None and kept.seconds(speed) > left:
        share = (left - kept.asking(speed)) / (kept.seconds(speed) - kept.asking(speed))
        steps = ceil(kept.steps * min(max(share, LEAST_STEPS_SHARE), 1))
        said.append(f"steps thinned from {kept.steps} to {steps}, so every network has learned less than it would")
        kept = replace(kept, steps=steps)
    if (needed := kept.seconds(speed)) > left * 1.05:
        shown = f"{needed:.2g}" if needed < 10 else f"{needed:,.0f}"
        said.append(f"the least plan still takes about {shown} s")
    notes = (f"{BUDGET} of {limit:.3g} s: {'; '.join(said)}.",) if said else ()
    return replace(kept, notes=plan.notes + notes)


def _sizes(plan: Plan) -> dict[str, int]:
    runs = plan.runs
    return {
        "training-set sizes": len({run.train_images for run in runs}),
        "seeds": len({run.seed for run in runs}),
        "numbers of copies": len({run.copies for run in runs}),
        "held-out images": plan.test_images,
        "versions asked about": prod(plan.asked),
    }


def _fewer_questions(plan: Plan, speed: Speed) -> Plan:
    """Ask about half the images, then in half the versions of the longest axis, while asking takes long."""
    if plan.asking(speed) <= ASKING * plan.seconds(speed):
        return plan
    if plan.test_images > LEAST_TESTS:
        return replace(plan, test_images=max(LEAST_TESTS, plan.test_images // 2))
    longest = max(plan.asked)
    if longest <= LEAST_VERSIONS:
        return plan
    place = plan.asked.index(longest)
    fewer = max(LEAST_VERSIONS, longest // 2)
    return replace(plan, asked=(*plan.asked[:place], fewer, *plan.asked[place + 1 :]))


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
