"""One model as a whole: what is found, what is missing and why, nothing is left behind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from biasscope.core.errors import UsageError
from biasscope.upsampling import analyse, gradient_energy, pattern, spectral_peaks, step_response
from biasscope.upsampling.highest import highest
from biasscope.upsampling.watch import watch


def rand(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(5))


def decoder() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 6, 4, 2, 1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 8, 3, padding=1), nn.PixelShuffle(2),
        nn.ConvTranspose2d(2, 3, 3, 2, 1, 1),
    )  # fmt: skip


def test_decoder() -> None:
    net, x = decoder().train(), rand(5, 2, 32, 32)
    before = [value.clone() for value in net.state_dict().values()]
    found = analyse(net, x, batch=2, draws=39)
    assert [layer.name for layer in found.weights] == ["4", "5"]
    assert [layer.name for layer in found.patterns] == ["4", "5", "output"]
    assert [layer.period for layer in found.patterns] == [(2, 2), (4, 4), (4, 4)]
    assert found.response.share == pytest.approx(1, abs=1e-4)
    assert found.gradients.ratio > 1
    assert found.pictures == 5
    assert all(torch.equal(a, b) for a, b in zip(before, net.state_dict().values(), strict=True))
    assert net.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())


def test_step_response_of_one_layer_is_its_gain() -> None:
    net = decoder().eval()
    found = analyse(net, rand(2, 2, 32, 32), draws=9)
    level = torch.tensor([0.3, -0.7])
    gains = found.weights[1].gains
    out = net[5](level.view(1, 2, 1, 1).expand(1, 2, 12, 12)).detach()[..., 8:16, 8:16]
    expected = gains.response(level).view(2, 2, 3).permute(2, 0, 1)
    torch.testing.assert_close(out[0, :, :2, :2].double(), expected, atol=1e-5, rtol=1e-5)


def test_mean_activations_are_those_of_all_pictures() -> None:
    net, x = decoder().eval(), rand(5, 2, 16, 16)
    seen = watch(net, x, batch=2)
    torch.testing.assert_close(seen.means["5"].float(), net[:5](x).mean((0, 2, 3)).detach())
    torch.testing.assert_close(torch.cat(seen.maps["5"]), net(x).detach())
    assert (seen.same, "output" in seen.maps) == ("5", False)
    shuffled = analyse(net, x, draws=9).weights[0]
    answers = net[:5](x).detach()
    phases = torch.stack([answers[..., a::2, b::2].mean((0, 2, 3)) for a in (0, 1) for b in (0, 1)])
    spread = (phases - phases.mean(0)).square().sum(1).mean().sqrt() / phases.mean(0).norm()
    assert shuffled.score_bias == pytest.approx(float(spread), rel=1e-4)


@pytest.mark.parametrize("side", [31, 33, 50])
def test_odd_sizes(side: int) -> None:
    found = analyse(nn.Sequential(nn.ConvTranspose2d(1, 1, 3, 2)), rand(2, 1, side, side + 2), draws=9)
    assert found.patterns[-1].anova is not None
    assert found.response.share == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("make", "sides"), [(nn.ConvTranspose1d, (40,)), (nn.ConvTranspose3d, (8, 9, 10))])
def test_one_and_three_dimensions(make, sides: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    found = analyse(nn.Sequential(make(2, 4, 3, 2, groups=2)), rand(3, 2, *sides), draws=39)
    assert found.patterns[0].period == (2,) * len(sides)
    assert found.patterns[0].anova.p == pytest.approx(1 / 40)
    assert found.response.share == pytest.approx(1, abs=1e-6)


def test_classifier_has_gradients_only() -> None:
    net = nn.Sequential(nn.Conv2d(1, 4, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3))
    found = analyse(net, rand(3, 1, 17, 17))
    assert found.finding.startswith("nothing to analyse")
    assert (found.weights, found.patterns, found.response, found.empty) == ((), (), None, False)
    assert found.gradients.energy.shape == (2, 2)


def test_nothing_at_all() -> None:
    found = analyse(nn.Conv2d(1, 1, 3), rand(1, 1, 8, 8))
    assert found.empty
    assert (found.gradients, found.notes) == (None, ())


def test_maps_that_are_too_small_fall_back_or_say_so() -> None:
    net = nn.Sequential(nn.ConvTranspose2d(1, 1, 3, 2, 1, 1), nn.ConvTranspose2d(1, 1, 5, 5))
    found = analyse(net, rand(1, 1, 1, 1), draws=9)
    assert [(layer.period, layer.anova is None) for layer in found.patterns] == [
        ((2, 2), True), ((5, 5), False), ((5, 5), False),
    ]  # fmt: skip
    assert "two periods" in found.patterns[0].note
    assert "too small" in found.patterns[1].note


def test_inputs_that_do_not_fit() -> None:
    with pytest.raises(UsageError, match="cannot be run"):
        analyse(decoder(), rand(1, 3, 8, 8))
    with pytest.raises(UsageError, match="N, C"):
        analyse(decoder(), rand(8))


def test_gradient_energy_of_a_linear_network_is_that_of_its_matrix() -> None:
    torch.manual_seed(0)
    net = nn.Conv1d(1, 2, 3, 2, bias=False).double()
    x = torch.zeros(1, 1, 64, dtype=torch.float64)
    found = gradient_energy(net, x.expand(400, -1, -1), (2,), heads=1, batch=400, margin=4)
    taps = net.weight.detach().square().sum(0)[0]
    expected = np.array([float(taps[0] + taps[2]), float(taps[1])])
    np.testing.assert_allclose(found.energy, expected / expected.mean(), rtol=0.1)
    assert (found.low <= expected / expected.mean()).all()


def test_step_response_levels_and_shapes() -> None:
    up = nn.ConvTranspose2d(1, 2, 3, 2)
    found = step_response(up, (1, 20, 20), (2, 2), levels=[0.0, 2.0])
    assert found.means.shape == (2, 2, 2, 2)
    assert (float(found.ripple[0]), found.strongest) == (pytest.approx(0, abs=1e-6), 1)
    assert step_response(nn.Flatten(), (1, 8, 8), (2, 2)) is None


def test_borders_that_reach_into_the_middle_are_no_ripple() -> None:
    """A resize writes evenly; what varies behind a wide padded convolution is how much of it lies on the map."""
    wide = nn.Conv2d(1, 1, 61, padding=30, bias=False)
    wide.weight.data[:] = (torch.arange(61) > 30).float()
    found = analyse(nn.Sequential(nn.Upsample(scale_factor=2), wide), torch.rand(2, 1, 16, 16), draws=19)
    assert found.response is None
    assert "of what varies in the middle repeats with the stride, the rest comes from the borders" in found.notes[0]


def test_pictures_of_one_size_only() -> None:
    class Fixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = nn.ConvTranspose2d(1, 1, 3, 2)

        def forward(self, x: Tensor) -> Tensor:
            if x.shape[-1] != 24:
                raise RuntimeError("24 pixels")
            return F.relu(self.up(x))

    assert analyse(Fixed(), rand(2, 1, 24, 24), draws=9).response is not None


def test_a_pattern_of_the_last_layer_is_not_lost_among_the_frequencies_of_the_stack() -> None:
    """Behind a smooth resize by 8, stride 2 writes 3 of 255 frequencies."""
    up = nn.ConvTranspose2d(1, 1, 3, 2, 1, 1, bias=False)
    nn.init.ones_(up.weight)
    net = nn.Sequential(nn.Upsample(scale_factor=8, mode="bicubic"), up)
    layer = analyse(net, 1 + rand(4, 1, 8, 8), draws=19).patterns[1]
    assert (layer.period, layer.own.period) == ((16, 16), (2, 2))
    assert layer.own.mean[0] > 20
    assert layer.clearest is layer.own
    assert layer.peaks.mean[0] < layer.own.mean[0]


class Striped(nn.Module):
    """Nearest resize, whose own frequencies stand below what is around, and stripes along one axis."""

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength, self.up = strength, nn.Upsample(scale_factor=2)

    def forward(self, x: Tensor) -> Tensor:
        up = self.up(x)
        return up * (1 + self.strength * (torch.arange(up.shape[-1]) % 2))


@pytest.mark.parametrize(("strength", "rises"), [(0.0, False), (0.02, True)])
def test_a_stripe_along_one_axis_is_not_lost_in_the_mean_over_frequencies(strength: float, rises: bool) -> None:
    output = analyse(Striped(strength), rand(8, 1, 32, 32), draws=39).patterns[-1]
    assert output.peaks.mean[2] < 0
    assert output.rises is rises
    assert (output.highest and output.highest.numbers) == ((0, 1) if rises else None)


def test_what_a_resize_takes_out_of_a_spectrum_leaves_no_peaks_of_nothing() -> None:
    stripes = torch.zeros(1, 4, 4)
    stripes[..., 1::2] = 1  # 1/2 along the second axis, and nothing elsewhere
    peaks = replace(spectral_peaks(torch.randn(4, 1, 32, 32), (4, 4)), least=np.full(9, 4.0), along=np.full(9, 4.0))
    found = highest([peaks, None], stripes)
    assert found is not None
    assert (found.numbers, found.period) == ((0, 2), (4, 4))
    assert highest([peaks], stripes.mT).numbers == (2, 0)
    assert highest([replace(peaks, least=np.full(9, 2.9))], stripes) is None
    assert highest([replace(peaks, along=np.full(9, 2.9))], stripes) is None
    assert highest([replace(peaks, along=np.full(9, np.nan))], stripes).numbers == (0, 2)
    shorter = replace(spectral_peaks(torch.randn(4, 1, 32, 32), (2, 2)), least=np.full(3, 5.0), along=np.full(3, 4.0))
    assert highest([peaks, shorter], stripes).period == (2, 2)


def test_what_pictures_have_on_a_whole_axis_of_the_spectrum_is_no_stripe() -> None:
    """Skies that are bright above, through a bilinear resize: far above what is around, but not on that axis."""
    sky = torch.linspace(-1, 1, 12)[:, None] * torch.linspace(0.8, 1.2, 8)[:, None, None, None]
    blobs = F.interpolate(rand(8, 1, 4, 4), size=(12, 12), mode="bicubic")
    clean = F.interpolate(sky + 0.05 * blobs, scale_factor=4, mode="bilinear")
    peaks = spectral_peaks(clean, (4, 4), margin=4)
    place = peaks.frequencies.tolist().index([1, 0])
    assert peaks.least[place] > 3 > peaks.along[place]
    assert highest([peaks], pattern(clean, (4, 4), 4)) is None
    striped = clean * (1 + 0.05 * (torch.arange(48)[:, None] % 4 == 0))
    found = highest([spectral_peaks(striped, (4, 4), margin=4)], pattern(striped, (4, 4), 4))
    assert (found and found.numbers[1]) == 0


def test_own_stride_is_told_apart_only_where_it_is_shorter() -> None:
    found = analyse(nn.Sequential(nn.ConvTranspose2d(1, 1, 3, 2)), rand(2, 1, 20, 20), draws=19)
    assert found.patterns[0].own is None
    assert found.patterns[0].clearest is found.patterns[0].peaks


class SameAddress(nn.Module):
    """Gives a tensor that Python puts where the output of its transposed convolution was."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(1, 1, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        made = self.up(x)
        address, values = id(made), made.detach().clone()
        del made
        held = []
        for _ in range(10_000):
            held.append(values.clone())
            if id(held[-1]) == address:
                break
        return held[-1]


def test_an_output_is_not_taken_for_a_layer_whose_map_is_gone() -> None:
    seen = watch(SameAddress(), torch.rand(2, 1, 6, 6))
    assert seen.same == ""
    assert list(seen.maps) == ["up", "output"]


def test_own_stride_has_the_peaks_that_it_has_alone() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.ConvTranspose2d(1, 2, 3, 2), nn.ConvTranspose2d(2, 2, 3, 3), nn.ConvTranspose2d(2, 1, 3, 2))
    x = torch.rand(3, 1, 12, 12)
    maps = watch(net, x).maps
    for found in analyse(net, x, heads=0).patterns[1:]:
        values = torch.cat(maps["2" if found.name == "output" else found.name])
        alone = spectral_peaks(values, (3, 3) if found.name == "1" else (2, 2), margin=values.shape[-1] // 8)
        assert found.own is not None
        assert alone is not None
        assert np.allclose(found.own.decibels, alone.decibels, equal_nan=True)
        assert (found.own.window, found.own.period) == (alone.window, alone.period)
        assert found.own.share == pytest.approx(alone.share)


class Apart(nn.Module):
    """Every phase on channels of its own, the first `strength` times as strong."""

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = strength

    def forward(self, x: Tensor) -> Tensor:
        weight = torch.ones_like(x)
        weight[..., ::8, ::8] = self.strength
        return nn.functional.pixel_unshuffle(x * weight, 8)


@pytest.mark.parametrize(("strength", "least", "most"), [(1.0, 1.0, 1.0), (2.0, 2.5, 4.0)])
def test_the_highest_of_many_phases_is_not_taken_for_a_pattern_of_gradients(strength, least, most) -> None:
    """Energies are the squares of weights: 1, and 4 over 1."""
    found = gradient_energy(Apart(strength), rand(32, 1, 32, 32), (8, 8))
    assert found.ratio > 1.1
    assert least <= found.least <= most
    assert gradient_energy(Apart(2.0), rand(1, 1, 32, 32), (8, 8)).least is None


def test_gradients_at_the_borders_are_left_out() -> None:
    """An eighth of each side, as of maps: behind padding fewer outputs read a pixel."""
    torch.manual_seed(0)
    net, pictures = nn.Conv2d(1, 3, 3, 2, 1), rand(2, 1, 32, 32)
    found = analyse(net, pictures).gradients.energy.tolist()
    assert found == gradient_energy(net, pictures, (2, 2), margin=4).energy.tolist()
    assert found != gradient_energy(net, pictures, (2, 2)).energy.tolist()
    assert analyse(net, pictures, margin=0).gradients.energy.tolist() != found
    assert "within a margin of 15" in analyse(net, pictures, margin=15).notes[-1]


def test_gradients_of_lines_in_pictures_have_no_phases() -> None:
    net = nn.Sequential(nn.Flatten(2), nn.Conv1d(1, 2, 4, 2))
    assert analyse(net, rand(4, 1, 16, 16)).gradients is None


@pytest.mark.parametrize("level", [0.0, 0.3])
def test_constant_maps_are_said_to_be_constant(level: float) -> None:
    """What rounding leaves of them is no pattern."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(1, 2, 3, padding=1))
    found = analyse(net, torch.full((3, 1, 24, 24), level), draws=19)
    assert [(one.note, one.anova, one.peaks) for one in found.patterns] == [("its maps are constant", None, None)] * 2


def test_why_an_output_is_looked_at_otherwise_than_its_layers() -> None:
    class Classes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = nn.ConvTranspose2d(1, 2, 3, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.up(x).argmax(1)

    torch.manual_seed(0)
    pooled = analyse(nn.Sequential(nn.ConvTranspose2d(1, 2, 3, 2), nn.AvgPool2d(2)), rand(2, 1, 16, 16), draws=19)
    assert pooled.patterns[-1].note.startswith("all positions are alike behind the whole stack")
    assert analyse(Classes(), rand(2, 1, 16, 16), draws=19).patterns[-1].note.startswith("its axes are not (N, C, ...)")


def test_complex_numbers_are_no_maps() -> None:
    class Transformed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = nn.ConvTranspose2d(1, 2, 3, 2)

        def forward(self, x: Tensor) -> Tensor:
            return torch.fft.fft2(self.up(x))

    found = analyse(Transformed(), rand(2, 1, 16, 16), draws=19)
    assert [one.name for one in found.patterns] == ["up"]
    assert found.response is None
