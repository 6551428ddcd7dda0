"""Against loops that do nothing clever: who writes where, gains, analysis of variance, energies, gradients."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from biasscope.core.randomness import generator
from biasscope.upsampling import (
    analyse,
    layer_step,
    overlap,
    phase_anova,
    power,
    spectral_peaks,
    stride_share,
    structure,
    transposed_gains,
)
from biasscope.upsampling.anova import _null


def written(size: int, layers: list[tuple[int, int, int, int]]) -> list[int]:
    """Write one at a time, layer by layer: (kernel, stride, padding, dilation)."""
    line = [1] * size
    for kernel, stride, padding, dilation in layers:
        out = [0] * ((len(line) - 1) * stride + dilation * (kernel - 1) + 1)
        for i, value in enumerate(line):
            for j in range(kernel):
                out[i * stride + j * dilation] += value
        line = out[padding : len(out) - padding]
    return line


@pytest.mark.parametrize(
    "layers",
    [
        [(3, 2, 0, 1)], [(3, 2, 1, 1), (3, 2, 1, 1), (3, 2, 1, 1)], [(5, 3, 1, 2), (4, 2, 1, 1)], [(2, 3, 0, 1)],
        [(7, 4, 2, 1), (3, 2, 1, 1)], [(3, 2, 1, 2)],
    ],
)  # fmt: skip
def test_counts_away_from_borders(layers: list[tuple[int, int, int, int]]) -> None:
    counts = overlap([layer_step(k, s, padding=p, dilation=d) for k, s, p, d in layers]).counts[0]
    line = written(40, layers)
    middle = len(line) // 2
    for place in range(middle, middle + 2 * len(counts)):
        assert line[place] == counts[place % len(counts)]


@pytest.mark.parametrize("steps", [[(7, 2, 3), (3, 2, 1)], [(3, 2, 1), (3, 1, 1), (1, 2, 0)], [(4, 4, 0)], [(5, 3, 2)]])
def test_gradient_counts_are_those_of_autograd(steps: list[tuple[int, int, int]]) -> None:
    net = nn.Sequential(*(nn.Conv1d(1, 1, k, s, p, bias=False) for k, s, p in steps)).double()
    for module in net:
        nn.init.ones_(module.weight)
    x = torch.zeros(1, 1, 240, dtype=torch.float64, requires_grad=True)
    net(x).sum().backward()
    counts = structure(net, x.detach()).backward_composed.counts[0]
    period = len(counts)
    first = 96 // period * period
    assert x.grad[0, 0, first : first + 4 * period].tolist() == [counts[i % period] for i in range(4 * period)]


def test_all_ones_weights_write_the_counts_of_a_model() -> None:
    net = nn.Sequential(
        nn.ConvTranspose2d(1, 1, 3, 2, 1, bias=False), nn.Upsample(scale_factor=3, mode="nearest"),
        nn.Conv2d(1, 1, 3, bias=False), nn.ConvTranspose2d(1, 1, (5, 4), (4, 2), (2, 0), bias=False),
    ).double()  # fmt: skip
    for module in net:
        if hasattr(module, "weight"):
            nn.init.ones_(module.weight)
    x = torch.ones(1, 1, 8, 8, dtype=torch.float64)
    counts = structure(net, x).composed[-1]
    out = net(x)[0, 0].detach().numpy()
    first = [side // 2 // period * period for side, period in zip(out.shape, counts.period, strict=True)]
    part = out[first[0] : first[0] + counts.period[0], first[1] : first[1] + counts.period[1]]
    np.testing.assert_array_equal(part, counts.map())


def test_gains_tap_by_tap() -> None:
    weight = torch.randn(4, 3, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    stride, padding, dilation, groups = (2, 3), (1, 2), (1, 2), 2
    found = transposed_gains(weight, stride, padding=padding, dilation=dilation, groups=groups).gains
    expected = torch.zeros(6, 6, 4, dtype=torch.float64)
    for i, o, a, b in product(range(4), range(3), range(3), range(5)):
        phase = ((a * dilation[0] - padding[0]) % stride[0]) * stride[1] + (b * dilation[1] - padding[1]) % stride[1]
        expected[phase, (i // 2) * 3 + o, i] += weight[i, o, a, b]
    torch.testing.assert_close(found, expected)


def uneven(values: np.ndarray) -> float:
    """Sum of squares between the 4 x 3 phases of one channel (N, 8, 12), position by position."""
    mean, sums, counts = values.mean(), np.zeros((4, 3)), np.zeros((4, 3))
    for n, y, x in product(*map(range, values.shape)):
        sums[y % 4, x % 3] += values[n, y, x]
        counts[y % 4, x % 3] += 1
    return float((counts * (sums / counts - mean) ** 2).sum())


def level(values: np.ndarray) -> np.ndarray:
    """One channel without the rise of each picture along x: the line through the means of its 4 periods of 3."""
    out = values.copy()
    for picture in out:
        means = [picture[:, 3 * period : 3 * period + 3].mean() for period in range(4)]
        slope = sum((period - 1.5) * mean for period, mean in enumerate(means)) / (2 * (1.5**2 + 0.5**2))
        for y, x in product(range(8), range(12)):
            picture[y, x] -= slope * (x - 5.5) / 3
    return out


@pytest.mark.parametrize("rise", [0.0, 0.3])
def test_pooled_eta_squared_position_by_position(rise: float) -> None:
    """Of two periods, as along y, no rise is known."""
    maps = torch.randn(3, 2, 8, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    maps += rise * torch.arange(12)
    channels = [maps[:, channel].numpy() for channel in range(2)]
    between = sum(min(uneven(one), uneven(level(one))) for one in channels)
    total = sum(((one - one.mean()) ** 2).sum() for one in channels)
    assert phase_anova(maps, (4, 3), draws=9).eta_squared == pytest.approx(between / total)


@pytest.mark.parametrize(
    ("pictures", "side", "units"), [(1, 32, 64), (4, 32, 64), (2, 32, 72), (3, 4, 12), (200, 16, 200)]
)
def test_tiles_are_about_sixty_four_with_pictures(pictures: int, side: int, units: int) -> None:
    maps = torch.randn(pictures, 2, side, side, generator=torch.Generator().manual_seed(5))
    assert phase_anova(maps, (2, 2), draws=9).units == units


def test_maps_that_only_repeat_are_explained_entirely() -> None:
    pattern = torch.tensor([[1.0, 2.0], [4.0, 8.0]]).repeat(8, 8)
    found = phase_anova(pattern.expand(2, 3, 16, 16), (2, 2), draws=19)
    assert found.eta_squared == pytest.approx(1)
    assert found.channels.tolist() == pytest.approx([1] * 3)
    assert (found.f, found.f_p) == (None, None)
    assert found.p == 1 / 20


def test_share_of_energy_is_that_of_the_mean_pattern() -> None:
    """Parseval: what sits on the stride frequencies is the variance of the phase means of each map."""
    maps = torch.randn(2, 1, 16, 12, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    between = sum(
        (len(part := picture[a::4, b::3].flatten()) * (part.mean() - picture.mean()) ** 2).item()
        for picture in maps[:, 0] for a in range(4) for b in range(3)
    )  # fmt: skip
    total = sum(((picture - picture.mean()) ** 2).sum().item() for picture in maps[:, 0])
    assert stride_share(maps, (4, 3)) == pytest.approx(between / total)


def test_peak_by_an_explicit_transform() -> None:
    maps = torch.randn(1, 1, 12, 12, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    values = maps[0, 0].numpy() - maps.mean().item()
    spectrum = power(maps)[0, 0].numpy()
    grid = np.arange(12)
    for a, b in [(0, 0), (4, 8), (3, 5)]:
        wave = np.exp(-2j * np.pi * (a * grid[:, None] + b * grid) / 12)
        assert spectrum[a, b] == pytest.approx(abs((values * wave).sum()) ** 2, abs=1e-9)
    found = spectral_peaks(maps, (3, 3), reach=3, window="none")
    place = found.frequencies.tolist().index([1, 2])
    ring = [
        spectrum[y, x] for y, x in product(range(12), repeat=2)
        if (y % 4, x % 4) != (0, 0) and max(min(abs(y - 4), 12 - abs(y - 4)), min(abs(x - 8), 12 - abs(x - 8))) <= 3
    ]  # fmt: skip
    assert len(ring) % 2 == 0
    assert found.decibels[place] == pytest.approx(10 * np.log10(spectrum[4, 8] / np.median(ring)))


def test_constant_input_puts_all_energy_on_the_stride_frequencies_through_a_whole_analysis() -> None:
    torch.manual_seed(4)
    net = nn.Sequential(nn.ConvTranspose2d(2, 4, 3, 2), nn.LeakyReLU(), nn.ConvTranspose2d(4, 1, 5, 2)).double()
    found = analyse(net, torch.rand(2, 2, 24, 24, dtype=torch.float64), draws=9)
    assert not found.structure.composed[-1].uniform
    assert found.response.share == pytest.approx(1, abs=1e-12)


def test_null_is_that_of_tiles_moved_around() -> None:
    table = np.random.default_rng(0).standard_normal((5, 2, 6))
    table -= table.mean(-1, keepdims=True)
    found = _null(table, (2, 3), draws=3, seed=7)
    offsets = generator(7, "phase permutation").integers(0, [2, 3], (3, 5, 2))
    for draw in range(3):
        moved = [
            np.roll(tile.reshape(2, 2, 3), tuple(-offset), (1, 2))
            for tile, offset in zip(table, offsets[draw], strict=True)
        ]
        mean = np.mean(moved, 0)
        np.testing.assert_allclose(found[draw], ((mean - mean.mean((1, 2), keepdims=True)) ** 2).sum((1, 2)))
