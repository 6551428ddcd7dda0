"""Two transformations: each alone is part of the sweep over both, and what is simulated is stated."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from biasscope.copies import CopiesSweep, Run
from biasscope.copies.law.sweep import table
from biasscope.copies.plan import make_plan
from biasscope.copies.pool import make_pool
from biasscope.copies.products import alone, multiplies
from biasscope.copies.subsampling import Subsampling
from biasscope.core.errors import UsageError
from tests.unit.copies.sweeping import sweep

COPIES, IMAGES, SEEDS = (1, 2, 4, 8, 16), 400, 3


def simulated(law, copies=COPIES, axes="shift+rotate") -> CopiesSweep:
    """Answers that are right with a probability that follows a law of the two numbers of copies."""
    rng = np.random.default_rng(0)
    pool = make_pool(axes, shifts="4x4", angles="-40..40:5", scales="0.6..1.4:0.05")
    plan = make_plan(copies, ["plain"], [100], available=pool.sizes, seeds=SEEDS)
    targets = np.arange(IMAGES) % 10
    answers = []
    for run in plan.runs:
        shares = law(*run.copies, pool)
        right = rng.random((len(pool), IMAGES)) < np.broadcast_to(shares, (len(pool),))[:, None]
        wrong = (targets + rng.integers(1, 10, right.shape)) % 10
        answers.append(np.where(right, targets, wrong))
    return CopiesSweep(
        runs=plan.runs,
        predictions=torch.from_numpy(np.stack(answers)).to(torch.int16),
        targets=torch.from_numpy(targets),
        losses=torch.zeros(len(plan.runs), 1),
        seconds=torch.ones(len(plan.runs), dtype=torch.float64),
        steps=torch.ones(len(plan.runs), dtype=torch.int64),
        engines=("sequential",) * len(plan.runs),
        coordinates=pool.columns(),
        inside=np.ones(len(pool), np.bool_),
        axes=pool.names,
        available=pool.sizes,
        subsampling={"plain": Subsampling(4, 4.0)},
        settings={"reference": pool.reference},
    )


def each(first, second, pool):
    """Each transformation has a need of its own, and disturbs only where it is at work."""
    moved, turned = (pool.dy != 0) | (pool.dx != 0), pool.angle != 0
    return 1 - moved * 0.3 / first - turned * 0.3 / second


def test_one_transformation_alone_is_the_part_in_which_the_other_is_still() -> None:
    found = sweep(None, transform="shift+rotate", angles="-10,0,10", copies=[1, 2], variants=["narrow"], steps=2)
    part = alone(found, "rotate")
    assert [run.copies for run in part.runs] == [(1,), (2,)]
    assert (part.axes, part.available, len(part.inside)) == (("rotate",), (3,), 3)
    assert set(part.coordinates["dy"]) == set(part.coordinates["dx"]) == {0}
    assert part.coordinates["angle"][int(str(part.settings["reference"]))] == 0
    row = next(i for i, run in enumerate(found.runs) if run.copies == (1, 2))
    views = np.flatnonzero((found.coordinates["dy"] == 0) & (found.coordinates["dx"] == 0))
    assert torch.equal(part.predictions[1], found.predictions[row][torch.from_numpy(views)])
    assert part.losses.shape == (2, 2)


def test_needs_of_both_are_compared_with_their_product_and_sum() -> None:
    found = multiplies(simulated(each), 0.9, measure="accuracy", draws=100)["plain"]
    assert found.first == pytest.approx(3, rel=0.35)
    assert found.second == pytest.approx(3, rel=0.35)
    assert found.both == pytest.approx(36, rel=0.4)
    assert found.to_product is not None
    assert found.to_product > 1.5
    assert "times the product" in found.statement


def test_cells_of_one_number_of_copies_count_where_they_are_even() -> None:
    found = simulated(each, copies=(1, 2, 4))
    copies, rows = table(found, "plain", 100)
    assert copies.tolist() == [1, 2, 4, 8, 16]
    assert {found.runs[row].copies for row in rows[list(copies).index(4)]} == {(2, 2)}
    assert Run("plain", (4, 1), 100, 0).unevenness((16, 16)) == 0.5


def test_what_cannot_be_taken_apart_is_refused() -> None:
    found = simulated(each, copies=((2, 2), (4, 4)))
    with pytest.raises(UsageError, match="shift alone"):
        multiplies(found, 0.9)
    with pytest.raises(UsageError, match="one number"):
        multiplies(simulated(each, copies=((1, 1), (2, 2))), 0.9)
    with pytest.raises(UsageError, match="not two"):
        multiplies(replace(found, axes=("shift",)), 0.9)
    with pytest.raises(UsageError, match="no axis"):
        alone(found, "scale")
