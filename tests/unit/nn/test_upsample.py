import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.nn import ResizeConv2d, SmoothUpsampled2d, icnr_
from biasscope.nn.upsample.smoothing import smoothing_taps


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_resize_convolution_is_resize_pad_convolve(mode):
    layer = ResizeConv2d(2, 3, 5, scale_factor=(2, 3), mode=mode)
    x = torch.rand(1, 2, 4, 3)
    resized = F.pad(F.interpolate(x, scale_factor=(2.0, 3.0), mode=mode), (2, 2, 2, 2), mode="reflect")
    torch.testing.assert_close(layer(x), F.conv2d(resized, layer.conv.weight, layer.conv.bias))


def test_resize_convolution_keeps_a_constant_constant_and_a_strided_one_does_not():
    torch.manual_seed(0)
    x = torch.ones(1, 4, 8, 8)
    assert ResizeConv2d(4, 4)(x).var(dim=(2, 3)).max() < 1e-12
    assert nn.ConvTranspose2d(4, 4, 3, stride=2)(x)[..., 3:-3, 3:-3].var(dim=(2, 3)).max() > 1e-5


def test_icnr_is_nearest_neighbour_resize_of_the_base_convolution():
    conv = nn.Conv2d(3, 2 * 9, 3, padding=1, bias=False)
    icnr_(conv.weight, 3)
    x = torch.rand(1, 3, 5, 5)
    base = F.conv2d(x, conv.weight[::9], padding=1)
    torch.testing.assert_close(F.pixel_shuffle(conv(x), 3), base.repeat_interleave(3, 2).repeat_interleave(3, 3))
    assert conv.weight.requires_grad
    assert conv.weight[::9].std() > 0


def test_icnr_refuses_other_numbers_of_filters():
    with pytest.raises(ValueError, match="multiple of"):
        icnr_(torch.empty(6, 3, 3, 3), 2)


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("kernel_size", [3, 4, 5])
def test_smoothing_removes_the_checkerboard_of_any_transposed_convolution(factor, order, kernel_size):
    torch.manual_seed(1)
    up = nn.ConvTranspose2d(2, 3, kernel_size, stride=factor, dtype=torch.float64)
    smooth = SmoothUpsampled2d(3, factor, order, dtype=torch.float64)
    raw = up(torch.ones(1, 2, 12, 12, dtype=torch.float64))
    edge = 4 * factor
    assert raw[..., edge:-edge, edge:-edge].var(dim=(2, 3)).max() > 1e-6
    assert smooth(raw)[..., edge:-edge, edge:-edge].var(dim=(2, 3)).max() < 1e-24


def test_smoothing_filter_and_gain():
    assert smoothing_taps(3, 1) == pytest.approx([1 / 9, 2 / 9, 3 / 9, 2 / 9, 1 / 9])
    hold = SmoothUpsampled2d(1, 2, gain=4.0)
    sparse = torch.zeros(1, 1, 4, 4)
    sparse[..., ::2, ::2] = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    expected = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).repeat_interleave(2, 0).repeat_interleave(2, 1)
    assert torch.equal(SmoothUpsampled2d(1, 2, gain=4.0, padding_mode="zeros")(sparse)[0, 0], expected)
    assert hold.state_dict() == {}


def test_smoothing_keeps_size_on_a_small_map():
    assert SmoothUpsampled2d(2, 4, 3)(torch.rand(1, 2, 2, 3)).shape == (1, 2, 2, 3)


def test_smoothing_before_a_strided_convolution_evens_out_its_gradient():
    conv = nn.Conv2d(1, 1, 3, stride=2, bias=False, dtype=torch.float64)
    nn.init.ones_(conv.weight)
    x = torch.rand(1, 1, 16, 16, dtype=torch.float64, requires_grad=True)

    def spread(y):
        (grad,) = torch.autograd.grad(conv(y).sum(), x)
        inner = grad[..., 5:-5, 5:-5]
        return float(inner.max() / inner.min())

    assert spread(x) == pytest.approx(4.0)
    assert spread(SmoothUpsampled2d(1, 2, dtype=torch.float64)(x)) == pytest.approx(1.0)


@pytest.mark.parametrize("arguments", [{"factor": 0}, {"order": -1}, {"padding_mode": "same"}])
def test_smoothing_refuses(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        SmoothUpsampled2d(1, **arguments)


@pytest.mark.parametrize(
    "arguments", [{"kernel_size": 4}, {"scale_factor": 0}, {"mode": "cubic"}, {"padding_mode": "x"}]
)
def test_resize_convolution_refuses(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        ResizeConv2d(1, 1, **arguments)
