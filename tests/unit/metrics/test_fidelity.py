import pytest
import torch

from biasscope.metrics import accuracy, consistency, fidelity
from tests.unit.metrics.hand import PREDICTIONS, STEPS, TARGETS


def test_all_pairs_by_hand():
    assert fidelity(PREDICTIONS, TARGETS).item() == pytest.approx((3 + 1 + 0) / 18)


def test_given_pairs_by_hand():
    # adjacent pairs, both right: image 0: 0-1; image 1: none; image 2: none
    assert fidelity(PREDICTIONS, TARGETS, STEPS).item() == pytest.approx(1 / 9)


def test_it_is_at_most_accuracy_and_consistency():
    value = fidelity(PREDICTIONS, TARGETS)
    assert value <= accuracy(PREDICTIONS, TARGETS)
    assert value <= consistency(PREDICTIONS)


def test_images_without_a_label_are_left_out():
    unknown = torch.tensor([3, -1, 5])
    assert fidelity(PREDICTIONS, unknown).item() == pytest.approx(3 / 12)
    assert fidelity(PREDICTIONS, unknown, STEPS).item() == pytest.approx(1 / 6)
