import pytest
import torch
import torch.nn.functional as F
from torch import nn

from biasscope.nn import AntialiasedConv2d, BlurPool2d, MaxBlurPool2d, binomial_taps, blur_pool2d


@pytest.mark.parametrize(
    ("size", "taps"),
    [(1, [1]), (2, [1, 1]), (3, [1, 2, 1]), (4, [1, 3, 3, 1]), (5, [1, 4, 6, 4, 1]), (7, [1, 6, 15, 20, 15, 6, 1])],
)
def test_taps_are_the_normalised_binomials(size, taps):
    assert binomial_taps(size).tolist() == [t / 2 ** (size - 1) for t in taps]


@pytest.mark.parametrize("mode", ["reflect", "circular", "replicate", "zeros"])
@pytest.mark.parametrize("filter_size", range(1, 8))
@pytest.mark.parametrize("stride", [1, 2, 3, (2, 1)])
@pytest.mark.parametrize("size", [(9, 8), (2, 3), (1, 1)])
def test_output_size_is_that_of_slicing_on_any_map(mode, filter_size, stride, size):
    x = torch.rand(2, 3, *size)
    pair = (stride, stride) if isinstance(stride, int) else stride
    out = BlurPool2d(3, filter_size, stride, mode)(x)
    assert out.shape == x[..., :: pair[0], :: pair[1]].shape
    if mode != "zeros":
        torch.testing.assert_close(BlurPool2d(3, filter_size, stride, mode)(torch.ones_like(x)), torch.ones_like(out))


def test_one_tap_is_plain_slicing():
    x = torch.rand(1, 2, 7, 7)
    assert torch.equal(BlurPool2d(2, 1, 3)(x), x[..., ::3, ::3])


def test_filter_is_not_in_the_state_dict():
    assert BlurPool2d(4).state_dict() == {}
    assert MaxBlurPool2d(4).state_dict() == {}


def test_module_and_function_agree():
    x = torch.rand(1, 5, 9, 6)
    assert torch.equal(BlurPool2d(5, 5, 2, "replicate")(x), blur_pool2d(x, 5, 2, "replicate"))


def test_layout_and_precision_are_kept():
    x = torch.rand(2, 8, 16, 16)
    nhwc = x.contiguous(memory_format=torch.channels_last)
    out = BlurPool2d(8)(nhwc)
    assert out.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(out, BlurPool2d(8)(x))
    assert BlurPool2d(8)(x.double()).dtype == torch.float64
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert BlurPool2d(8)(x).dtype == torch.bfloat16


def test_first_and_second_gradients():
    x = torch.rand(1, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    pool = BlurPool2d(2, 4, 2, dtype=torch.float64)
    assert torch.autograd.gradcheck(pool, x)
    assert torch.autograd.gradgradcheck(pool, x)


@pytest.mark.parametrize("arguments", [{"filter_size": 0}, {"filter_size": 8}, {"stride": 0}, {"padding_mode": "same"}])
def test_blur_refuses(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        BlurPool2d(3, **arguments)


def test_blur_refuses_other_channels():
    with pytest.raises(ValueError, match="3 channels"):
        BlurPool2d(3)(torch.rand(1, 4, 8, 8))
    with pytest.raises(ValueError, match="shape"):
        BlurPool2d(3)(torch.rand(3, 8, 8))


@pytest.mark.parametrize(
    "geometry", [(3, 2, 1, 1), (3, 2, 0, 1), (2, 2, 0, 1), (3, 3, 1, 1), (5, 4, 2, 1), (3, 2, 1, 2)]
)
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_one_tap_max_pool_is_max_pool(geometry, ceil_mode):
    for height in range(6, 13):
        x = torch.randn(1, 2, height, height + 1)
        expected = F.max_pool2d(x, *geometry, ceil_mode=ceil_mode)
        pool = MaxBlurPool2d(2, *geometry, ceil_mode, filter_size=1)
        assert torch.equal(pool(x), expected)
        assert torch.equal(pool(x.requires_grad_()), expected)


def test_maximum_keeps_the_gradient_of_max_pool_at_ties():
    x = torch.zeros(1, 1, 4, 4, requires_grad=True)
    pool = MaxBlurPool2d(1, 3, 2, 1, filter_size=1)
    (grad,) = torch.autograd.grad(pool(x).sum(), x)
    (expected,) = torch.autograd.grad(F.max_pool2d(x, 3, 2, 1).sum(), x)
    assert torch.equal(grad, expected)


def test_maximum_refuses_a_map_smaller_than_the_window():
    with pytest.raises(ValueError, match="exceeds"):
        MaxBlurPool2d(1, 5)(torch.rand(1, 1, 4, 4))


def test_circular_max_is_equivariant_to_shifts_by_the_stride():
    x = torch.rand(1, 2, 8, 8)
    pool = MaxBlurPool2d(2, 3, 2, 1, padding_mode="circular", circular_max=True)
    assert torch.equal(pool(x.roll((2, 4), (2, 3))), pool(x).roll((1, 2), (2, 3)))
    with pytest.raises(ValueError, match="circular_max"):
        MaxBlurPool2d(2, 2, 2, 2, circular_max=True)


@pytest.mark.parametrize("padding_mode", ["zeros", "circular"])
@pytest.mark.parametrize("padding", [1, "valid"])
def test_one_tap_conv_is_the_strided_conv(padding, padding_mode):
    conv = nn.Conv2d(4, 6, 3, stride=2, padding=padding, dilation=1, groups=2, padding_mode=padding_mode)
    x = torch.randn(2, 4, 11, 8)
    layer = AntialiasedConv2d.from_conv(conv, filter_size=1, activation=F.relu)
    torch.testing.assert_close(layer(x), F.relu(conv(x)))


def test_blur_comes_after_the_activation():
    conv = nn.Conv2d(2, 3, 3, stride=2, padding=1)
    x = torch.randn(1, 2, 8, 8)
    expected = blur_pool2d(F.relu(F.conv2d(x, conv.weight, conv.bias, padding=1)), 4, 2)
    layer = AntialiasedConv2d.from_conv(conv, activation=F.relu)
    torch.testing.assert_close(layer(x), expected)
    assert set(layer.state_dict()) == {"weight", "bias"}
    assert layer.stride == (1, 1)
