"""Paired differences: against all pairs written out, against simulation, and in words."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from biasscope.pipeline.invariance.differences import (
    Difference,
    accuracy_by_picture,
    consistency_by_picture,
    differences,
    drawn_pairs,
    paired,
)
from tests.unit.pipeline.invariance.made import measurement


@pytest.mark.parametrize("views", [2, 3, 7])
def test_consistency_is_the_mean_over_all_pairs(views: int) -> None:
    answers = np.random.default_rng(views).integers(0, 3, (views, 40))
    naive = [np.mean([a == b for a, b in combinations(answers[:, i].tolist(), 2)]) for i in range(40)]
    np.testing.assert_allclose(consistency_by_picture(answers), naive)


def test_pairs_that_were_drawn_are_the_pairs_that_count() -> None:
    item = measurement([[0, 1], [0, 2], [1, 2], [1, 2]])
    steps = torch.tensor([[-1, 0, -1, 2]])
    drawn = replace(item, sweep=replace(item.sweep, steps=steps))
    np.testing.assert_array_equal(drawn_pairs(drawn), [1.0, 0.5])


def test_one_view_has_no_pairs() -> None:
    assert np.isnan(consistency_by_picture(np.zeros((1, 3), int))).all()


def test_accuracy_leaves_out_what_has_no_label() -> None:
    item = measurement([[0, 1, 2], [0, 0, 2]], [0, 1, -1])
    np.testing.assert_array_equal(accuracy_by_picture(item), [1.0, 0.5, np.nan])


def test_the_interval_is_never_closed_and_shrinks_with_the_number_of_pictures() -> None:
    value, low, high, n = paired(np.zeros(20))
    assert (value, n) == (0.0, 20)
    assert low < 0 < high
    assert paired(np.zeros(2000))[2] < high / 20
    assert paired(np.ones(3))[2] == 1.0


def test_missing_values_do_not_count() -> None:
    assert paired(np.array([np.nan, 0.5]))[3] == 1
    assert paired(np.array([np.nan]))[3] == 0


@pytest.mark.parametrize("spread", [0.05, 0.3])
def test_intervals_cover(spread: float) -> None:
    rng = np.random.default_rng(3)
    truth, hits = 0.1, 0
    for _ in range(400):
        values = truth + rng.choice([-spread, spread], 150)
        _, low, high, _ = paired(values)
        hits += low <= truth <= high
    assert hits >= 0.93 * 400


def test_variants_are_compared_on_the_pictures_that_both_have() -> None:
    base = measurement([[0, 1, 2]] + [[0, 2, 1]] * 2, [0, 1, 2])
    better = measurement([[0, 1, 2]] * 3, [0, 1, 2], label="net (antialias)", variant="antialias")
    stranger = measurement([[0, 0, 0]] * 3, [0, 1, 2], label="other (pac)", variant="pac", family="other")
    found = differences([base, better, stranger])
    assert [(item.model, item.measure, item.n) for item in found] == [
        ("net (antialias)", "consistency", 3),
        ("net (antialias)", "accuracy", 3),
    ]
    assert found[0].value == pytest.approx(2 / 3 * 2 / 3)
    assert found[1].value == pytest.approx(2 / 3 * 2 / 3)


@pytest.mark.parametrize(
    ("low", "high", "floor", "verdict"),
    [
        (-0.1, 0.2, 0.0, "not told from chance"),
        (0.1, 0.2, 0.0, "larger than chance"),
        (0.1, 0.2, 0.5, "not above the numerical floor"),
    ],
)
def test_verdicts(low: float, high: float, floor: float, verdict: str) -> None:
    item = Difference("a", "b", "consistency", "Consistency", (low + high) / 2, low, high, 9, floor)
    assert item.verdict == verdict
    assert item.scalar().name == "consistency_difference@a"
