import pytest

from biasscope.metrics import WorstOfK, accuracy, worst_case, worst_case_consistency, worst_of_k
from tests.unit.metrics.hand import PREDICTIONS, TARGETS


def test_by_hand():
    assert worst_case(PREDICTIONS, TARGETS).item() == 0
    assert worst_case(PREDICTIONS[:2], TARGETS).item() == pytest.approx(1 / 3)
    assert worst_case_consistency(PREDICTIONS).item() == pytest.approx(1 / 3)


def test_worst_of_two_by_hand():
    # pairs of right views of 6: image 0 has 3 right views: 3; image 1 has 2: 1; image 2 none
    assert worst_of_k(PREDICTIONS, TARGETS, 2).item() == pytest.approx(4 / 18)


def test_ends_of_the_scale():
    assert worst_of_k(PREDICTIONS, TARGETS, 1).item() == pytest.approx(accuracy(PREDICTIONS, TARGETS).item())
    assert worst_of_k(PREDICTIONS, TARGETS, 4).item() == worst_case(PREDICTIONS, TARGETS).item()


def test_more_views_can_only_hurt():
    values = [worst_of_k(PREDICTIONS, TARGETS, k).item() for k in (1, 2, 3, 4)]
    assert values == sorted(values, reverse=True)


def test_fewer_views_than_k_is_undefined():
    metric = WorstOfK()
    metric.update(PREDICTIONS, TARGETS)
    assert metric.compute().isnan()
