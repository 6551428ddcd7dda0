"""Circular max pooling: the whole-array form without gradients, torch's own with them."""

import pytest
import torch
import torch.nn.functional as F

from biasscope.models.surgery.layers import CircularMaxPool2d


def by_wrapping(x, window, stride, padding, dilation):
    reach = dilation * (window - 1)
    wrapped = F.pad(x, (padding, reach - padding, padding, reach - padding), mode="circular")
    return F.max_pool2d(wrapped, window, stride, 0, dilation)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(
    ("window", "stride", "padding", "dilation"), [(2, 1, 0, 1), (3, 1, 1, 2), (1, 1, 0, 1), (3, 2, 1, 1)]
)
def test_same_values_and_gradients_as_wrapping_and_pooling(layout, window, stride, padding, dilation):
    pool = CircularMaxPool2d(window, stride, padding, dilation)
    x = torch.randint(0, 4, (2, 3, 8, 7)).float().contiguous(memory_format=layout)
    expected = by_wrapping(x, window, stride, padding, dilation)
    with torch.no_grad():
        assert torch.equal(pool(x), expected)
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    weights = torch.randn_like(expected)
    (pool(ours) * weights).sum().backward()
    (by_wrapping(theirs, window, stride, padding, dilation) * weights).sum().backward()
    assert torch.equal(ours.grad, theirs.grad)


def test_a_value_that_is_no_number_is_passed_on():
    x = torch.zeros(1, 1, 4, 4)
    x[0, 0, 1, 1] = torch.nan
    with torch.no_grad():
        assert CircularMaxPool2d(2, 1)(x).isnan().sum() == 4
