import pytest
import torch

from biasscope.metrics import AccuracyPerShift, accuracy, accuracy_at_reference, accuracy_per_shift
from tests.unit.metrics.hand import PREDICTIONS, REFERENCE, TARGETS


def test_by_hand():
    assert accuracy(PREDICTIONS, TARGETS).item() == pytest.approx(5 / 12)
    assert accuracy_at_reference(PREDICTIONS, TARGETS, REFERENCE).item() == pytest.approx(1 / 3)
    assert accuracy_per_shift(PREDICTIONS, TARGETS).tolist() == pytest.approx([2 / 3, 1 / 3, 1 / 3, 1 / 3])


def test_images_without_a_label_are_left_out():
    unknown = torch.tensor([3, -1, 5])
    assert accuracy(PREDICTIONS, unknown).item() == pytest.approx(3 / 8)
    assert accuracy_per_shift(PREDICTIONS, unknown).tolist() == pytest.approx([0.5, 0.5, 0, 0.5])


def test_one_interval_a_view():
    metric = AccuracyPerShift()
    metric.update(PREDICTIONS, TARGETS)
    low, high, n = metric.interval()
    assert n.tolist() == [3, 3, 3, 3]
    assert low[0] > low[1] == low[2] == low[3]
    assert bool((high > metric.compute()).all())
