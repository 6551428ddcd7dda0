import pytest
import torch

from biasscope.metrics import consistency, consistency_given_correct
from biasscope.metrics.functional.consistency import earlier_alike
from tests.unit.metrics.hand import PREDICTIONS, REFERENCE, TARGETS


def test_without_replacement_by_hand():
    # pairs alike of 6: image 0 (3 3 3 4): 3; image 1 (7 7 8 9): 1; image 2: 6
    assert consistency(PREDICTIONS).item() == pytest.approx((3 + 1 + 6) / 18)


def test_with_replacement_by_hand():
    # sum n_c^2 of 16: 9 + 1, 4 + 1 + 1, 16
    assert consistency(PREDICTIONS, replacement=True).item() == pytest.approx((10 + 6 + 16) / 48)


def test_both_are_one_line_apart():
    views = len(PREDICTIONS)
    without = consistency(PREDICTIONS).item()
    assert consistency(PREDICTIONS, True).item() == pytest.approx((without * (views - 1) + 1) / views)


def test_all_different_and_all_equal():
    different = torch.arange(9)[:, None].repeat(1, 3)
    assert consistency(different).item() == 0
    assert consistency(different, True).item() == pytest.approx(1 / 9)
    assert consistency(torch.full((9, 3), 4)).item() == consistency(torch.full((9, 3), 4), True).item() == 1


def test_one_view_says_nothing_without_replacement():
    assert consistency(PREDICTIONS[:1]).isnan()
    assert consistency(PREDICTIONS[:1], True).item() == 1


def test_relabelling_classes_and_order_of_views_change_nothing():
    shuffled = (PREDICTIONS * 7 + 1)[[2, 0, 3, 1]]
    assert consistency(shuffled) == consistency(PREDICTIONS)


def test_earlier_alike_numbers_the_views_of_each_answer():
    assert earlier_alike(torch.tensor([[5, 1], [2, 1], [5, 1], [5, 1]])).tolist() == [[0, 0], [0, 1], [1, 2], [2, 3]]


def test_given_a_correct_reference_by_hand():
    # only image 0 is right at view 1 (3 3 4 3): two of the three others agree
    assert consistency_given_correct(PREDICTIONS, TARGETS, REFERENCE).item() == pytest.approx(2 / 3)
    # at view 0, images 0 and 1 are right: (1 + 1 + 0) ... 3 3 4 3 -> 2 of 3; 7 8 7 9 -> 1 of 3
    assert consistency_given_correct(PREDICTIONS, TARGETS, 0).item() == pytest.approx(3 / 6)


def test_large_class_numbers_and_many_views():
    torch.manual_seed(0)
    predictions = torch.randint(10**9, (300, 4)) // 10**6
    pairs = (predictions[:, None] == predictions[None]).sum((0, 1)) - 300
    assert consistency(predictions).item() == pytest.approx(float(pairs.double().mean()) / (300 * 299))
