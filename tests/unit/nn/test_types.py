"""Types that a filter of fractions cannot be computed in, and arguments of the wrong type."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from biasscope.nn import (
    AntialiasedConv2d,
    BlurPool2d,
    MaxBlurPool2d,
    PacConv2d,
    PacConvTranspose2d,
    PacPool2d,
    SmoothUpsampled2d,
    binomial_taps,
    blur_pool2d,
    pac_kernel2d,
    position_color_features,
)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
@pytest.mark.parametrize("options", [{}, {"normalize_kernel": True}, {"native_impl": True}])
def test_guidance_of_integers_is_compared_in_floating_point(dtype, options):
    guidance = torch.tensor([[[[0, 1, 2, 0], [3, 1, 1, 2], [2, 0, 1, 0]]]])
    kernel, _ = pac_kernel2d(guidance.to(dtype), 3, padding=1, **options)
    expected, _ = pac_kernel2d(guidance.float(), 3, padding=1, **options)
    assert kernel.dtype == torch.float32
    assert torch.equal(kernel, expected)
    x, pool = torch.rand(1, 2, 3, 4), PacPool2d(3, padding=1)
    assert torch.equal(pool(x, guidance.to(dtype)), pool(x, guidance.float()))


FLAT = torch.zeros(1, 1, 4, 4)


@pytest.mark.parametrize(
    "layer",
    [
        BlurPool2d(2),
        MaxBlurPool2d(2),
        SmoothUpsampled2d(2),
        blur_pool2d,
        lambda x: PacConv2d(2, 2, 3)(x, FLAT),
        lambda x: PacConv2d(2, 2, 3, shared_filters=True, bias=False)(x, FLAT),
        lambda x: PacConvTranspose2d(2, 2, 3, padding=1)(x, FLAT),
        lambda x: PacPool2d(3)(x, FLAT),
    ],
)
def test_input_of_integers_is_refused(layer):
    with pytest.raises(ValueError, match=r"input must be floating point, got torch.uint8; convert it with .float\(\)"):
        layer(torch.ones(1, 2, 4, 4, dtype=torch.uint8))


def test_one_tap_is_slicing_of_any_type():
    x = torch.arange(16).view(1, 1, 4, 4)
    assert torch.equal(BlurPool2d(1, 1)(x), x[..., ::2, ::2])


@pytest.mark.parametrize(
    "make",
    [
        lambda: binomial_taps(2.0),
        lambda: BlurPool2d(1, 4.0),
        lambda: BlurPool2d(1, stride=2.0),
        lambda: PacConv2d(1, 1, 3.0),
        lambda: PacPool2d(3, stride=None),
        lambda: position_color_features(torch.ones(1, 3, 2, 2), position_scale=0),
        lambda: position_color_features(torch.ones(1, 3, 2, 2), color_scale=-1),
    ],
)
def test_arguments_of_the_wrong_type_are_value_errors(make):
    with pytest.raises(ValueError, match=r"filter_size|stride|kernel_size|position_scale|color_scale"):
        make()


@pytest.mark.parametrize("layer", [AntialiasedConv2d, PacConv2d])
def test_a_weight_that_is_made_in_every_pass_cannot_be_shared(layer):
    with pytest.raises(ValueError, match="make it permanent first"):
        layer.from_conv(parametrizations.weight_norm(nn.Conv2d(2, 2, 3)))
