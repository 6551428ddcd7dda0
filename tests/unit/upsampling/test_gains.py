"""DC gains of phases against what a layer answers to a constant."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from biasscope.nn import icnr_
from biasscope.upsampling.gains import shuffle_gains, transposed_gains
from biasscope.upsampling.phases import phase_means

CLASSES = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
CASES = [
    (1, 3, 2, {}), (1, 5, 3, {"padding": 1, "dilation": 2}), (2, 3, 2, {"padding": 1, "output_padding": 1}),
    (2, (3, 4), (2, 3), {"groups": 2, "bias": False}), (2, 4, 2, {"groups": 2}), (3, 3, 2, {}),
    (3, (2, 3, 4), (1, 2, 2), {"padding": (0, 1, 1), "groups": 2}),
]  # fmt: skip


def naive_score(answers: torch.Tensor) -> float:
    middle = answers.mean(0)
    return float((sum((a - middle).norm() ** 2 for a in answers) / len(answers)).sqrt() / middle.norm())


@pytest.mark.parametrize(("dims", "kernel", "stride", "options"), CASES)
def test_answers_to_constants(dims: int, kernel, stride, options: dict) -> None:
    torch.manual_seed(0)
    layer = CLASSES[dims - 1](4, 6, kernel, stride, **options).double()
    found = transposed_gains(
        layer.weight, layer.stride, bias=layer.bias, padding=layer.padding, dilation=layer.dilation, groups=layer.groups
    )
    level = torch.randn(4, dtype=torch.float64)
    out = layer(level.view(1, 4, *(1,) * dims).expand(1, 4, *(14 if dims < 3 else 9,) * dims))
    means = phase_means(out.detach(), layer.stride, 8 if dims < 3 else 4)
    assert means is not None
    expected = means[0].flatten(1).T
    torch.testing.assert_close(found.response(level), expected)
    assert found.score_at(level) == pytest.approx(naive_score(expected))
    without = expected - (0 if layer.bias is None else layer.bias.detach())
    assert found.score_at(level, bias=False) == pytest.approx(naive_score(without))
    assert found.score == pytest.approx(naive_score(found.gains))


def test_divisible_kernel_guarantees_for_equal_weights_only() -> None:
    assert transposed_gains(torch.ones(2, 3, 4, 4), 2).score == 0
    assert transposed_gains(torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(0)), 2).score > 0.1
    assert transposed_gains(torch.zeros(1, 1, 4, 4), 2).score is None


@pytest.mark.parametrize("groups", [1, 2])
def test_no_bias_is_a_bias_of_zero(groups: int) -> None:
    weight = torch.randn(4, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    level = torch.ones(4, dtype=torch.float64)
    without = transposed_gains(weight, 2, groups=groups)
    zero = transposed_gains(weight, 2, groups=groups, bias=torch.zeros(3 * groups))
    assert without.response(level).shape == (4, 3 * groups)
    torch.testing.assert_close(without.response(level), zero.response(level))


def test_zero_mean_with_unequal_phases_is_infinite() -> None:
    assert transposed_gains(torch.tensor([[[1.0, -1.0]]]), 2).score == float("inf")


@pytest.mark.parametrize("groups", [1, 2])
def test_pixel_shuffle(groups: int) -> None:
    torch.manual_seed(1)
    conv = nn.Conv2d(4, 3 * 8, 3, padding=1, groups=groups).double()
    found = shuffle_gains(conv.weight, 2, bias=conv.bias, groups=groups)
    level = torch.randn(4, dtype=torch.float64)
    out = nn.PixelShuffle(2)(conv(level.view(1, 4, 1, 1).expand(1, 4, 12, 12)))
    means = phase_means(out.detach(), (2, 2), 4)
    torch.testing.assert_close(found.response(level), means[0].flatten(1).T)


def test_icnr_is_even_but_for_the_bias() -> None:
    conv = nn.Conv2d(4, 8, 3)
    icnr_(conv.weight, 2)
    found = shuffle_gains(conv.weight, 2, bias=conv.bias)
    assert found.score == 0
    assert found.score_at(torch.ones(4)) > 0
