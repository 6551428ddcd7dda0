import math

import pytest
import torch
import torch.nn.functional as F

from biasscope.core.errors import UsageError
from biasscope.metrics.functional.generators import GENERATORS, slope, tangent


def blob(side=33, y=4.0, x=7.0, width=2.0):
    """A smooth spot beside the centre, in float64."""
    axis = torch.arange(side, dtype=torch.float64) - (side - 1) / 2
    return torch.exp(-((axis[:, None] - y) ** 2 + (axis - x) ** 2) / (2 * width**2))[None, None]


def centre(picture):
    """Centre of mass (y, x) about the middle."""
    axis = torch.arange(picture.shape[-1], dtype=torch.float64) - (picture.shape[-1] - 1) / 2
    weight = picture[0, 0] / picture.sum()
    return (weight.sum(1) @ axis).item(), (weight.sum(0) @ axis).item()


@pytest.mark.parametrize(
    ("generator", "velocity"),
    [
        ("translation-x", (0, 1)),
        ("translation-y", (1, 0)),
        ("rotation", (7, -4)),
        ("scale", (4, 7)),
        ("shear", (0, 4)),
    ],
)
@pytest.mark.parametrize("derivative", ["fourier", "bilinear"])
def test_content_moves_as_the_convention_says(generator, velocity, derivative):
    picture, step = blob(), 1e-3
    moved = picture + step * tangent(picture, generator, derivative)
    before, after = centre(picture), centre(moved)
    growth = 2 if generator == "scale" else 1  # the mass grows too; about the centre of the spot this cancels
    speed = [(b - a) / step for a, b in zip(before, after, strict=True)]
    assert speed == pytest.approx(velocity, abs=0.05 * growth)


def moved_spot(generator, t, side=33):
    """The spot of `blob`, drawn where the transformation by t takes it, without any interpolation."""
    axis = torch.arange(side, dtype=torch.float64) - (side - 1) / 2
    down, right = axis[:, None], axis[None]
    c, s, g = math.cos(t), math.sin(t), math.exp(-t)
    read = {  # where each pixel of the result comes from
        "translation-x": (down, right - t),
        "translation-y": (down - t, right),
        "rotation": (c * down - s * right, c * right + s * down),
        "scale": (g * down, g * right),
        "shear": (down, right - t * down),
    }
    y, x = read[generator]
    return torch.exp(-((y - 4.0) ** 2 + (x - 7.0) ** 2) / 8)[None, None]


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize(("derivative", "tolerance"), [("fourier", 1e-3), ("bilinear", 0.25)])
def test_is_the_derivative_of_the_movement(generator, derivative, tolerance):
    t = 1e-4
    expected = (moved_spot(generator, t) - moved_spot(generator, -t)) / (2 * t)
    found = tangent(blob(), generator, derivative)
    assert (found - expected).abs().max() < tolerance * expected.abs().max()


@pytest.mark.parametrize("frequency", [1, 3])
@pytest.mark.parametrize("axis", [-1, -2])
def test_fourier_slope_is_exact_for_sines(frequency, axis):
    place = torch.arange(16, dtype=torch.float64) * (2 * math.pi * frequency / 16)
    wave, expected = torch.sin(place), 2 * math.pi * frequency / 16 * torch.cos(place)
    picture = (wave if axis == -1 else wave[:, None]).expand(2, 1, 16, 16)
    wanted = (expected if axis == -1 else expected[:, None]).expand(2, 1, 16, 16)
    assert torch.allclose(slope(picture, axis, "fourier"), wanted)


def test_the_nyquist_frequency_has_no_slope():
    picture = torch.tensor([1.0, -1.0] * 4).expand(1, 1, 8, 8)
    assert slope(picture, -1, "fourier").abs().max() < 1e-6


def test_bilinear_slope_is_that_of_a_symmetric_bilinear_shift():
    picture = torch.randn(1, 1, 3, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    t, padded = 1e-3, F.pad(picture, (1, 1, 0, 0), mode="replicate")
    right = (1 - t) * picture + t * padded[..., :-2]
    left = (1 - t) * picture + t * padded[..., 2:]
    assert torch.allclose(tangent(picture, "translation-x", "bilinear"), (right - left) / (2 * t))


def test_constant_pictures_do_not_change():
    for generator in GENERATORS:
        assert tangent(torch.ones(1, 3, 6, 7), generator).abs().max() < 1e-6


def test_unknown_words():
    with pytest.raises(UsageError, match="translation-x"):
        tangent(torch.ones(1, 1, 4, 4), "swirl")
