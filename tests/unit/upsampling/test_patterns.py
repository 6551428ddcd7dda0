"""Phase ANOVA and spectral peaks: naive computation, calibration, patterns that are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import binom, f_oneway, ttest_1samp
from torch import nn

from biasscope.upsampling.anova import phase_anova
from biasscope.upsampling.peaks import spectral_peaks
from biasscope.upsampling.phases import by_phase, interior, lattice, pattern
from biasscope.upsampling.prominence import frequencies, prominence
from biasscope.upsampling.spectrum import power, stride_share


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def level(maps: torch.Tensor, period: tuple[int, ...]) -> torch.Tensor:
    """Maps without the line through the means of whole periods along each axis, one map after the other."""
    out = maps.clone().numpy()
    for one in out.reshape(-1, *maps.shape[2:]):
        for axis, step in enumerate(period):
            means = np.moveaxis(one, axis, 0).reshape(one.shape[axis] // step, -1).mean(1)
            slope = np.polyfit(np.arange(len(means)) * step, means, 1)[0]
            one -= slope * np.arange(one.shape[axis]).reshape([-1 if a == axis else 1 for a in range(one.ndim)])
    return torch.from_numpy(out)


def between(maps: torch.Tensor, period: tuple[int, int]) -> float:
    """Sum of squares between phases of one channel, phase after phase."""
    phases = [maps[..., a :: period[0], b :: period[1]] for a in range(period[0]) for b in range(period[1])]
    return sum(one.numel() * float(one.mean() - maps.mean()) ** 2 for one in phases)


def test_eta_squared_and_f_of_one_channel_against_scipy() -> None:
    maps = level(noise(2, 1, 12, 18), (2, 3))
    found = phase_anova(maps, (2, 3), draws=19)
    groups = [maps[..., a::2, b::3].flatten().numpy() for a in range(2) for b in range(3)]
    between = sum(len(g) * (g.mean() - maps.mean().item()) ** 2 for g in groups)
    total = float((maps - maps.mean()).square().sum())
    assert found.eta_squared == pytest.approx(between / total)
    assert found.channels[0] == pytest.approx(between / total)
    expected = f_oneway(*groups)
    assert (found.f, found.f_p) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))


@pytest.mark.parametrize("pictures", [1, 4])
def test_white_noise_is_significant_at_the_nominal_rate(pictures: int) -> None:
    small = [phase_anova(noise(pictures, 2, 16, 16, seed=seed), (2, 2), draws=39, seed=seed).p for seed in range(500)]
    hits = int(np.sum(np.array(small) <= 0.05))
    assert binom.ppf(0.0005, 500, 0.05) <= hits <= binom.ppf(0.9995, 500, 0.05)


@pytest.mark.parametrize(("sides", "period"), [((26, 19), (2, 1)), ((26, 26), (2, 2)), ((21,), (3,))])
def test_tiles_do_not_depend_on_the_divisors_of_a_side(sides: tuple[int, ...], period: tuple[int, ...]) -> None:
    """13, 19 and 7 periods have no divisors: whole tiles alone would leave pictures only, too few for any p."""
    small = []
    for seed in range(300):
        found = phase_anova(noise(3, 1, *sides, seed=seed), period, draws=39, seed=seed)
        small.append(found.p <= 0.05)
    assert found.units > 20
    assert binom.ppf(0.0005, 300, 0.05) <= sum(small) <= binom.ppf(0.9995, 300, 0.05)
    board = noise(3, 1, *sides)
    board[:, :, :: period[0]] += 3
    assert phase_anova(board, period).p == pytest.approx(1 / 200)


def test_tiles_of_unequal_size_leave_the_share_as_it_is() -> None:
    maps = level(noise(2, 3, 14, 22), (2, 2))
    found = phase_anova(maps, (2, 2), draws=19)
    means = maps.mean((0, 2, 3), keepdim=True)
    between = sum(
        float((maps[..., a::2, b::2].mean((0, 2, 3), keepdim=True) - means).square().sum()) * 2 * 7 * 11
        for a in range(2) for b in range(2)
    )  # fmt: skip
    assert found.units == 2 * 6 * 6
    assert found.eta_squared == pytest.approx(between / float((maps - means).square().sum()))


def test_smooth_noise_is_not_taken_for_a_pattern() -> None:
    smooth = nn.AvgPool2d(5, 1, 2)(noise(60, 1, 32, 32)).split(6)
    small = [phase_anova(maps, (4, 4), draws=39, seed=number).p for number, maps in enumerate(smooth)]
    assert sum(p <= 0.05 for p in small) <= 3


RISES = [((40,), (4,)), ((24, 24), (4, 4)), ((30, 20), (3, 2)), ((9, 8, 9), (3, 2, 3))]


@pytest.mark.parametrize(("sides", "period"), RISES)
def test_a_steady_rise_is_no_pattern(sides: tuple[int, ...], period: tuple[int, ...]) -> None:
    """Later phases of a ramp are brighter whatever the network; all pictures of a street have the sky above."""
    rise = 20 * torch.linspace(-1, 1, sides[0], dtype=torch.float64).view(-1, *[1] * (len(sides) - 1))
    small = [phase_anova(noise(4, 1, *sides, seed=seed) + rise, period, draws=39).p <= 0.05 for seed in range(100)]
    assert sum(small) <= binom.ppf(0.9995, 100, 0.05)
    board = noise(4, 1, *sides) + rise
    board[:, :, :: period[0]] += 4
    assert phase_anova(board, period).p == pytest.approx(1 / 200)


def test_of_the_shares_with_and_without_a_rise_the_lesser_counts() -> None:
    maps = noise(2, 2, 18, 12) + torch.linspace(0, 9, 18, dtype=torch.float64)[:, None]
    maps[:, 1, ::3] += 1.5  # most of what the rise puts between phases, as the blocks of a resize do
    ways = [[between(one[:, [c]], (3, 2)) for c in range(2)] for one in (maps, level(maps, (3, 2)))]
    assert [np.argmin(pair) for pair in zip(*ways, strict=True)] == [1, 0]
    total = float((maps - maps.mean((0, 2, 3), keepdim=True)).square().sum())
    assert phase_anova(maps, (3, 2)).eta_squared == pytest.approx(sum(map(min, *ways)) / total)


def test_blocks_of_a_nearest_resize_along_a_rise_are_no_pattern_of_means() -> None:
    low = torch.linspace(-1, 1, 8, dtype=torch.float64)[:, None] + 0.1 * noise(3, 2, 8, 8)
    assert phase_anova(nn.Upsample(scale_factor=4)(low), (4, 4)).p == 1


def test_pattern_is_found_also_in_one_channel_of_many() -> None:
    maps = noise(2, 5, 32, 32, seed=1)
    maps[:, 3, ::2] += 0.5
    found = phase_anova(maps, (2, 2))
    assert found.p == pytest.approx(1 / 200)
    assert found.channel_p[3] == pytest.approx(1 / 200)
    assert (np.delete(found.channel_p, 3) > 0.01).all()
    assert found.eta_squared > found.null_high > found.null_mean
    assert int(found.channels.argmax()) == 3


def test_too_small_and_constant_maps() -> None:
    assert phase_anova(noise(1, 1, 7, 7), (4, 4)) is None
    assert phase_anova(noise(1, 1, 8, 8), (1, 1)) is None
    flat = phase_anova(torch.ones(1, 2, 8, 8), (2, 2))
    assert (flat.eta_squared, flat.p) == (None, None)
    assert interior(noise(1, 1, 12, 12), (4, 4), 3) is None


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_order_of_phases(dims: int) -> None:
    period = (2, 3, 4)[:dims]
    maps = noise(1, 1, *(12,) * dims)
    flat = by_phase(maps, period)[0, 0]
    for number, phase in enumerate(np.ndindex(*period)):
        chosen = maps[(0, 0, *(slice(a, None, s) for a, s in zip(phase, period, strict=True)))]
        torch.testing.assert_close(flat[number], chosen.flatten())


def test_pattern_of_a_board() -> None:
    board = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(6, 6)[None, None]
    assert pattern(board, (2, 2), 1)[0].tolist() == [[-0.5, 0.5], [0.5, -0.5]]


STACKS = [[(3, 2)], [(3, 2), (3, 2)], [(5, 3)], [(3, 2), (4, 2), (5, 2)]]


@pytest.mark.parametrize("layers", STACKS)
def test_on_constant_input_all_energy_sits_on_the_stride_frequencies(layers: list[tuple[int, int]]) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(
        *(part for k, s in layers for part in (nn.ConvTranspose2d(2, 2, k, s), nn.LeakyReLU()))
    ).double()
    period = int(np.prod([s for _, s in layers]))
    out = net(torch.full((1, 2, 12, 11), 0.7, dtype=torch.float64)).detach()
    assert stride_share(out, (period, period), 2 * period) == pytest.approx(1, abs=1e-9)
    assert stride_share(noise(1, 1, 32, 32), (2, 2)) < 0.05


def test_even_network_has_no_energy_to_share() -> None:
    out = nn.Upsample(scale_factor=2)(torch.ones(1, 1, 8, 8))
    assert stride_share(out, (2, 2)) is None


def test_power_is_that_of_numpy_and_the_lattice_holds_the_replicas() -> None:
    maps = noise(1, 1, 8, 6)
    expected = np.abs(np.fft.fft2(maps[0, 0].numpy() - maps.mean().item())) ** 2
    np.testing.assert_allclose(power(maps)[0, 0].numpy(), expected, atol=1e-9)
    assert torch.nonzero(lattice((8, 6), (4, 2))).tolist() == [[a, b] for a in (0, 2, 4, 6) for b in (0, 3)]


def test_height_of_a_peak_against_the_median_by_hand() -> None:
    maps = noise(3, 1, 16, 16) + 2.0 * (torch.arange(16) % 2)
    found = spectral_peaks(maps, (2, 2), reach=2, window="none")
    spectrum = power(maps)[:, 0]
    place = found.frequencies.tolist().index([0, 1])
    expected = []
    for picture in spectrum:
        ring = [picture[a % 16, b] for a in range(-2, 3) for b in (6, 7, 8, 9, 10) if (a, b) != (0, 8)]
        expected.append(10 * np.log10(float(picture[0, 8]) / np.median(ring)))
    assert found.decibels[place] == pytest.approx(np.mean(expected))
    assert found.low[place] < found.decibels[place] < found.high[place]


def around(number: tuple[int, ...], sides: tuple[int, ...], period: tuple[int, ...], leak: float, axis: bool) -> list:
    """Bins within 3 of a frequency, one after the other, without stride frequencies and what leaks."""
    apart = lambda a, b, side: min((a - b) % side, (b - a) % side)  # noqa: E731
    bins = []
    for place in np.ndindex(*sides):
        far = max(apart(b, a * n / s, n) for b, a, n, s in zip(place, number, sides, period, strict=True))
        stride = all(
            min(apart(b, k * n / s, n) for k in range(s)) < leak for b, n, s in zip(place, sides, period, strict=True)
        )
        off = axis and any(b and not a for b, a in zip(place, number, strict=True))
        if leak < far <= 3 and not stride and not off:
            bins.append(place)
    return bins


@pytest.mark.parametrize("window", ["none", "hann"])
@pytest.mark.parametrize("axis", [False, True])
@pytest.mark.parametrize(
    ("sides", "period"),
    [((21,), (7,)), ((9, 15), (3, 5)), ((14, 10), (7, 1)), ((10, 22), (2, 11)), ((6, 9, 8), (2, 3, 1))],
)
def test_prominence_bin_after_bin(sides: tuple[int, ...], period: tuple[int, ...], axis: bool, window: str) -> None:
    spectrum = power(noise(2, 2, *sides), window)
    for number in frequencies(period):
        bins = around(number, sides, period, 1.5 if window == "hann" else 0.5, axis)
        place = tuple(a * n // s for a, n, s in zip(number, sides, period, strict=True))
        values = [[[float(map_[one]) for one in bins] for map_ in picture] for picture in spectrum]
        expected = spectrum[(..., *place)].numpy() / (np.median(values, -1) if bins else np.nan)
        found = prominence(spectrum, number, period, 3, window, axis=axis)
        np.testing.assert_allclose(found.numpy(), expected)


def test_frequencies_come_once_and_dims_are_free() -> None:
    assert len(spectral_peaks(noise(2, 1, 32, 32), (4, 4)).frequencies) == (16 - 4) // 2 + 3
    assert spectral_peaks(noise(2, 1, 32), (4,)).frequencies.tolist() == [[1], [2]]
    assert spectral_peaks(noise(2, 1, 8, 8, 8), (2, 2, 2)).frequencies.shape == (7, 3)


def test_taper_keeps_the_edges_of_smooth_pictures_out() -> None:
    ramp = torch.linspace(0, 50, 64, dtype=torch.float64)[:, None] + noise(4, 1, 64, 64)
    plain, tapered = (spectral_peaks(ramp, (4, 4), window=window) for window in ("none", "auto"))
    place = plain.frequencies.tolist().index([1, 0])
    assert (plain.window, tapered.window) == ("none", "hann")
    assert plain.decibels[place] > 10 > 5 > tapered.decibels[place]
    board = spectral_peaks(noise(4, 2, 33, 33) + 3.0 * (torch.arange(33) % 3 == 0), (3, 3))
    assert board.decibels[board.frequencies.tolist().index([0, 1])] > 15
    assert board.mean[0] == pytest.approx(float(np.mean(board.decibels)), abs=1e-6)


def test_share_is_that_of_the_lattice_of_the_transform() -> None:
    maps = noise(2, 3, 16, 12)
    spectrum = power(maps)
    expected = spectrum[..., lattice((16, 12), (4, 3))].sum() / spectrum.sum()
    assert stride_share(maps, (4, 3)) == pytest.approx(float(expected))
    assert spectral_peaks(maps, (4, 3)).share == pytest.approx(float(expected))


def test_one_picture_has_no_interval() -> None:
    found = spectral_peaks(noise(1, 1, 16, 16), (2, 2))
    assert np.isnan(found.low).all()
    assert found.mean[1] is None


def test_lower_ends_hold_for_all_frequencies_together() -> None:
    maps = noise(6, 1, 32, 32) + 0.3 * torch.linspace(1, 2, 6)[:, None, None, None] * (torch.arange(32) % 2)
    found = spectral_peaks(maps, (2, 2))
    alone = np.array([spectral_peaks(one[None], (2, 2)).decibels for one in maps])
    ends = [ttest_1samp(column, 0).confidence_interval(1 - 0.05 / 3) for column in alone.T]
    assert found.least == pytest.approx([end.low for end in ends])
    assert np.isnan(spectral_peaks(maps[:1], (2, 2)).least).all()
