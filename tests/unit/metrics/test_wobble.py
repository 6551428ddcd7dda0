import pytest
import torch

from biasscope.core.errors import UsageError
from biasscope.metrics import WobbleTrue, wobble

NAN = float("nan")


def test_by_hand_and_images_without_a_label_are_left_out():
    p = torch.tensor([[0.9, 0.2, NAN], [0.4, 0.2, NAN], [0.6, 0.5, NAN]])
    metric = WobbleTrue()
    metric.update(p)
    assert wobble(p).item() == pytest.approx((0.5 + 0.3) / 2)
    assert metric.interval().n == 2


def test_one_view_does_not_wobble():
    assert wobble(torch.rand(1, 4, generator=torch.Generator().manual_seed(0))).item() == 0


def test_a_gap_in_an_image_is_an_error():
    with pytest.raises(UsageError, match="NaN"):
        wobble(torch.tensor([[0.9], [NAN]]))


def test_no_view_is_an_error():
    with pytest.raises(UsageError, match="no view"):
        wobble(torch.zeros(0, 3))
