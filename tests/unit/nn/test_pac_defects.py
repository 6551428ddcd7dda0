"""Defects found in the authors' code: each must not exist here."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.nn import PacConv2d, PacConvTranspose2d, PacCRFLoose, PacPool2d


def test_pretrained_transposed_filter_is_not_used_flipped():
    conv = nn.ConvTranspose2d(16, 4, 3, 2, 1, 1)
    x = torch.randn(1, 16, 5, 5)
    out = PacConvTranspose2d.from_conv(conv)(x, torch.ones(1, 1, 10, 10))
    torch.testing.assert_close(out, conv(x), rtol=0, atol=1e-5)
    flipped = F.conv_transpose2d(x, conv.weight.flip(2, 3), conv.bias, 2, 1, 1)
    assert (out - flipped).abs().max() > 0.1


def test_pool_says_whether_it_sums_or_averages():
    x, f = torch.rand(1, 2, 6, 6), torch.ones(1, 1, 6, 6)
    torch.testing.assert_close(PacPool2d(3, 3, reduction="mean")(x, f), F.avg_pool2d(x, 3))
    torch.testing.assert_close(PacPool2d(3, 3, reduction="sum")(x, f), 9 * F.avg_pool2d(x, 3))
    assert PacPool2d(3).reduction == "sum"
    assert "reduction='sum'" in repr(PacPool2d(3))


@pytest.mark.parametrize("dtype", [torch.bool, torch.float32])
@pytest.mark.parametrize("native_impl", [False, True])
def test_masks_work_in_every_type(dtype, native_impl):
    mask = torch.ones(1, 1, 6, 6, dtype=dtype)
    mask[..., :4] = 0
    layer = PacConv2d(8, 2, 3, padding=1, native_impl=native_impl)
    out, out_mask = layer(torch.rand(1, 8, 6, 6), torch.rand(1, 1, 6, 6), mask=mask)
    assert out_mask.dtype == dtype
    assert out_mask[0, 0, 0].tolist() == [0, 0, 0, 1, 1, 1]
    assert out.isfinite().all()


def test_mask_of_a_transposed_convolution_lies_at_the_input():
    layer = PacConvTranspose2d(8, 2, 3, 2, 1, 1)
    mask = torch.zeros(1, 1, 3, 3, dtype=torch.bool)
    mask[..., 0, 0] = True
    _, out_mask = layer(torch.rand(1, 8, 3, 3), torch.rand(1, 1, 6, 6), mask=mask)
    assert out_mask[0, 0].nonzero().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_shared_filters_of_a_transposed_convolution_keep_the_channels_apart():
    layer = PacConvTranspose2d(4, 4, 3, 2, 1, 1, shared_filters=True)
    x = torch.rand(1, 4, 5, 5)
    expected = F.conv_transpose2d(x, layer.weight.expand(4, 1, 3, 3), layer.bias, 2, 1, 1, 4)
    torch.testing.assert_close(layer(x, torch.ones(1, 1, 10, 10)), expected)


@pytest.mark.parametrize("channels", [2, 8])
def test_transposed_backward_when_the_padding_is_all_that_the_filter_reaches(channels):
    layer = PacConvTranspose2d(channels, 2, 3, 1, padding=2)
    x = torch.rand(1, channels, 6, 6, requires_grad=True)
    out = layer(x, torch.zeros(1, 1, 4, 4))
    out.sum().backward()
    expected = torch.autograd.grad(F.conv_transpose2d(x, layer.weight, layer.bias, 1, 2).sum(), x)[0]
    assert x.grad.shape == x.shape
    torch.testing.assert_close(x.grad, expected)


@pytest.mark.parametrize("smoothing", ["gaussian", "average_3", "full_5"])
@pytest.mark.parametrize("layer", ["conv", "pool", "transpose"])
def test_smooth_kernels_work_with_dilation_and_keep_constants(smoothing, layer):
    x, f = torch.rand(1, 8, 9, 9), torch.full((1, 2, 9, 9), 2.0)
    if layer == "conv":
        module = PacConv2d(8, 2, 3, padding=2, dilation=2, smooth_kernel_type=smoothing)
        expected = F.conv2d(x, module.weight, module.bias, padding=2, dilation=2)
    elif layer == "transpose":
        module = PacConvTranspose2d(8, 2, 3, padding=2, dilation=2, smooth_kernel_type=smoothing)
        expected = F.conv_transpose2d(x, module.weight, module.bias, padding=2, dilation=2)
    else:
        module = PacPool2d(3, padding=2, dilation=2, smooth_kernel_type=smoothing)
        expected = F.conv2d(x, torch.ones(8, 1, 3, 3), padding=2, dilation=2, groups=8)
    torch.testing.assert_close(module(x, f), expected)


def test_inverse_and_smooth_kernels_need_no_slow_way():
    x, f = torch.rand(1, 8, 6, 6), torch.rand(1, 2, 6, 6)
    fast = PacConv2d(8, 2, 3, kernel_type="inv_0.3_0.7_asym", smooth_kernel_type="average_5")
    slow = PacConv2d(8, 2, 3, kernel_type="inv_0.3_0.7_asym", smooth_kernel_type="average_5", native_impl=True)
    slow.load_state_dict(fast.state_dict())
    torch.testing.assert_close(fast(x, f), slow(x, f))


def test_loose_field_runs_without_guidance():
    crf = PacCRFLoose(3, 2, pairwise_kernels=[{"compat_type": "na"}])
    assert crf(torch.rand(1, 3, 5, 5), [None]).shape == (1, 3, 5, 5)


@pytest.mark.parametrize("native_impl", [False, True])
def test_kernel_of_several_channels_is_refused_on_both_ways(native_impl):
    layer = PacConv2d(8, 2, 3, padding=1, native_impl=native_impl)
    with pytest.raises(ValueError, match=r"kernel must have shape \(1 or 1, 1, 3, 3, 4, 4\)"):
        layer(torch.rand(1, 8, 4, 4), kernel=torch.rand(1, 8, 3, 3, 4, 4))


def test_uniform_start_is_that_of_torch_in_both_directions():
    torch.manual_seed(0)
    for ours, theirs, fan_in in (
        (PacConv2d(64, 8, 3), nn.Conv2d(64, 8, 3), 64 * 9),
        (PacConvTranspose2d(64, 8, 3), nn.ConvTranspose2d(64, 8, 3), 8 * 9),
    ):
        for layer in (ours, theirs):
            largest = float(layer.weight.detach().abs().max()) * fan_in**0.5
            assert 0.99 < largest <= 1 + 1e-6
            assert float(layer.bias.detach().abs().max()) * fan_in**0.5 <= 1 + 1e-6


def test_padding_may_exceed_half_the_window():
    layer = PacConv2d(8, 2, 3, padding=5)
    x = torch.rand(1, 8, 4, 4)
    expected = F.conv2d(x, layer.weight, layer.bias, padding=5)
    torch.testing.assert_close(layer(x, torch.full((1, 1, 4, 4), 9.0)), expected)
