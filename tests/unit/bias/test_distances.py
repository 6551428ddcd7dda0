"""Intervals of distances from even placement: against leaving groups out one by one, and against repeated samples."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from biasscope.bias import count_boxes, effects
from biasscope.bias.counting.counts import BoxCounts
from biasscope.bias.jackknife import jackknife, leave_one_out
from biasscope.bias.position.distances import distances

CLASSES, BOXES = 150, 400


def counted(*, bins: int = 8, wide: bool = False, even: bool = False) -> BoxCounts:
    """Classes of one law: u is Beta(2, 1), v the mean of two uniform numbers, one box an image."""
    rng = np.random.default_rng(3)
    rows = CLASSES * BOXES
    u, v = rng.random((2, rows)) if even else (rng.beta(2, 1, rows), rng.random((2, rows)).mean(0))
    width = np.where(np.arange(rows) % 2 == 0, 100.0, 20.0) if wide else np.full(rows, 20.0)
    x, y = u * (100 - width), v * 70
    frame = pl.DataFrame(
        {
            "image_id": [f"i{row}" for row in range(rows)],
            "label": [f"c{row // BOXES}" for row in range(rows)],
            "x0": x,
            "y0": y,
            "x1": x + width,
            "y1": y + 30,
            "image_width": [100] * rows,
            "image_height": [100] * rows,
        }
    )
    return count_boxes(frame, bins=bins, grid="continuous")


@pytest.fixture(scope="module")
def counts() -> BoxCounts:
    return counted()


def test_divergence_as_by_leaving_groups_out(counts: BoxCounts) -> None:
    """Of many boxes; of few the jackknife's error is a third larger than the spread over samples."""
    table = counts.feasible
    made = jackknife(
        effects.jensen_shannon(table.sum(1)), effects.jensen_shannon(leave_one_out(table)), table.any(-1), low=0, high=1
    )
    found = distances(counts)["js"]
    assert np.array_equal(found.value, made.value)
    assert found.error[-1] == pytest.approx(made.error[-1], rel=0.05)


@pytest.mark.parametrize("axis", [0, 1])
def test_shifts_as_by_leaving_groups_out(counts: BoxCounts, axis: int) -> None:
    """Of the pooled set, whose fine marginals are counted by groups."""
    fine = counts.pooled_fine[:, axis][None]
    left = effects.wasserstein_uniform_binned(leave_one_out(fine))
    made = jackknife(effects.wasserstein_uniform_binned(fine.sum(1)), left, fine.any(-1))
    found = distances(counts)[("w1_u", "w1_v")[axis]]
    assert found.value[-1] == pytest.approx(made.value[0])
    assert found.error[-1] == pytest.approx(made.error[0], rel=0.1)


@pytest.mark.parametrize("bins", [8, 5])
def test_errors_are_the_spread_over_samples(bins: int) -> None:
    for name, found in distances(counted(bins=bins)).items():
        spread, error = found.value[:-1].std(ddof=1), np.sqrt((found.error[:-1] ** 2).mean())
        assert error / spread == pytest.approx(1, abs=0.2), name


def test_intervals_hold_the_truth(counts: BoxCounts) -> None:
    """Beta(2, 1) lies 1/6 from uniform; the mean of two uniform numbers 1/12."""
    found = distances(counts)
    for name, truth in (("w1_u", 1 / 6), ("w1_v", 1 / 12)):
        inside = (found[name].low <= truth) & (truth <= found[name].high)
        assert 0.9 <= inside[:-1].mean() <= 0.99, name


def test_even_placement_and_boxes_without_room(counts: BoxCounts) -> None:
    for name, found in distances(counted(even=True)).items():
        assert (found.low <= found.value).all(), name
        assert (found.value <= found.high).all(), name
        assert found.low.min() >= 0, name
    one_axis = distances(counted(wide=True))
    whole = distances(counts)
    assert (one_axis["w1_v"].error > whole["w1_v"].error).mean() > 0.9  # half of the boxes are behind the bounds
    assert one_axis["w1_v"].value[-1] == pytest.approx(whole["w1_v"].value[-1], abs=0.01)
