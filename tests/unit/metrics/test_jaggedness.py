import pytest
import torch

from biasscope.metrics import Jaggedness, JaggednessRate, jaggedness, jaggedness_top5
from tests.unit.metrics.hand import PREDICTIONS, STEPS

RANKS = torch.tensor([[0, 4, -1], [5, 4, -1], [3, 7, -1], [9, 9, -1]])  # image 2 has no label


def test_top1_by_hand():
    assert jaggedness(PREDICTIONS, STEPS).item() == pytest.approx(5 / 3)  # 2, 3 and 0 changes
    assert jaggedness(PREDICTIONS, STEPS, rate=True).item() == pytest.approx(5 / 9)


def test_top5_by_hand():
    # image 0: in, out, in, out -> 3; image 1: in, in, out, out -> 1
    assert jaggedness_top5(RANKS, STEPS).item() == pytest.approx(2)
    assert jaggedness_top5(RANKS, STEPS, rate=True).item() == pytest.approx(2 / 3)


def test_azulay_and_weiss_count_and_rate():
    # 848 changes over 200 images and 103 steps: 4.24 an image, 4.1 % a step
    table = torch.zeros(104, 200, dtype=torch.long)
    flips = torch.randperm(200 * 103, generator=torch.Generator().manual_seed(0))[:848]
    changed = torch.zeros(200 * 103, dtype=torch.long).index_fill(0, flips, 1).reshape(103, 200)
    table[1:] = changed.cumsum(0)
    assert jaggedness(table).item() == pytest.approx(4.24)
    assert jaggedness(table, rate=True).item() == pytest.approx(0.0412, abs=5e-5)


def test_interval_of_the_count_is_that_of_the_rate_times_the_steps():
    count, rate = Jaggedness(), JaggednessRate()
    count.update(PREDICTIONS, STEPS)
    rate.update(PREDICTIONS, STEPS)
    assert torch.allclose(count.interval().low, 3 * rate.interval().low)
    assert torch.allclose(count.interval().high, 3 * rate.interval().high)
    assert count.interval().high <= 3
