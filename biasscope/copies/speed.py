"""How fast networks are trained and answer, measured before the first of them is trained."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

from biasscope.copies.evaluate import answers
from biasscope.copies.plan import Plan, Speed
from biasscope.copies.processor import one_thread, wait
from biasscope.copies.run import Run
from biasscope.copies.runner import Runner
from biasscope.copies.train import make_engine, train

TIMED, FEW = 8, 8


def measure(runner: Runner, plan: Plan) -> Speed:
    """Seconds a step and seconds an answer of a network, by variant; on as many threads as it is trained on.

    Parameters
    ----------
    runner
        Everything that training takes.
    plan
        Networks; the first ones of each variant are tried.
    """
    found = {}
    with one_thread(runner.labels.device):
        for variant in dict.fromkeys(run.variant for run in plan.runs):
            group = [run for run in plan.runs if run.variant == variant][: runner.together]
            name = runner.engine_of(group, plan)
            found[variant] = _measure(runner, name, group if name == "vectorised" else group[:1], plan)
    return found


def _measure(runner: Runner, name: str, group: Sequence[Run], plan: Plan) -> tuple[float, float]:
    engine = make_engine(name, runner.networks(group), runner.training)
    marks: list[float] = []

    def mark(done: int) -> None:
        wait(runner.labels.device)
        marks.append(time.perf_counter())

    batches = runner.batches(group, plan)
    train(engine, batches, runner.train_views, runner.labels, TIMED + 1, runner.training, advance=mark)
    steps = [later - earlier for earlier, later in pairwise(marks)]
    network, few = engine.networks()[0], replace(runner.test_views, images=runner.test_views.images[:FEW])
    start = time.perf_counter()
    count = answers(network, few, runner.training).numel()
    return median(steps) / len(group), (time.perf_counter() - start) / count
