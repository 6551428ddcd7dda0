import pytest
import torch

from biasscope.metrics import FlipRate, flip_rate
from tests.unit.metrics.hand import PREDICTIONS


def test_frames_by_hand():
    assert flip_rate(PREDICTIONS).item() == pytest.approx(5 / 9)


def test_a_frame_without_predecessor_is_no_step():
    assert flip_rate(PREDICTIONS, torch.tensor([[-1, 0, -1, 2]])).item() == pytest.approx((1 + 2 + 0) / 6)


def test_clips_are_the_clusters():
    metric = FlipRate()
    metric.update(torch.zeros(500, 4, dtype=torch.long))
    low, high, n = metric.interval()
    assert (low.item(), n.item()) == (0, 4)
    assert high.item() == pytest.approx(1 - 0.025 ** (1 / 4))
