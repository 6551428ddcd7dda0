"""Fractional shifts and rotation against closed forms, scipy, and two passes of a naive one."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from biasscope.images.picture import Picture
from biasscope.models import Preprocessing
from biasscope.transforms import BilinearShift, FourierShift, Rotation

HALF = ((0.5, 0.4, 0.3), (0.5, 0.25, 0.2))
FEW = settings(max_examples=25, deadline=None)
SIDES = st.tuples(st.integers(2, 13), st.integers(2, 13))
SHIFTS = st.lists(st.tuples(st.integers(-28, 28), st.integers(-28, 28)), min_size=1, max_size=4, unique=True)


def noise(*shape, seed=0):
    return Picture("noise", np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def views(transformation, picture, preprocessing):
    """All views as (S, H, W, C) in 0..255."""
    source = transformation.source(picture, preprocessing, 0).double()
    out = torch.empty(len(transformation), preprocessing.channels, *preprocessing.size, dtype=torch.float64)
    every = range(len(transformation))
    transformation.open(source[None], [0]).write(out, every, [0] * len(every))
    return (preprocessing.denormalise(out) * 255).permute(0, 2, 3, 1).numpy()


def grid(shifts):
    return ";".join(f"{y / 8},{x / 8}" for y, x in shifts)


def same(found, expected, atol=1e-3):
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


def dirichlet(side, shift):
    """Trigonometric interpolation: weight of old pixel j in new pixel i, in closed form."""
    x = np.arange(side)[:, None] - np.arange(side) - shift
    near = np.isclose(np.sin(np.pi * x / side), 0)
    x = np.where(near, 0.25, x)
    below = np.tan(np.pi * x / side) if side % 2 == 0 else np.sin(np.pi * x / side)
    whole = 1.0 if side % 2 else np.cos(np.pi * np.round((np.arange(side)[:, None] - np.arange(side) - shift) / side))
    return np.where(near, abs(whole), np.sin(np.pi * x) / (side * below))


@FEW
@given(SIDES, SHIFTS)
def test_fourier_is_the_dirichlet_kernel_along_each_axis(size, shifts):
    fourier, picture = FourierShift(grid(shifts)), noise(*size, 3)
    found = views(fourier, picture, Preprocessing(size, None, *HALF))
    for view, (dy, dx) in zip(found, shifts, strict=True):
        rows = np.einsum("ij,jkc->ikc", dirichlet(size[0], dy / 8), picture.pixels)
        same(view, np.einsum("ij,kjc->kic", dirichlet(size[1], dx / 8), rows))


def test_whole_fourier_shifts_are_rolls_in_single_precision():
    preprocessing, picture = Preprocessing((32, 32), None, *HALF), noise(32, 32, 3)
    fourier, own = FourierShift("5"), preprocessing(picture.pixels)
    out = torch.empty(25, 3, 32, 32)
    fourier.open(fourier.source(picture, preprocessing, 0)[None], [0]).write(out, range(25), [0] * 25)
    for view, (dy, dx) in zip(out, fourier.shifts.offsets, strict=True):
        torch.testing.assert_close(view, own.roll((int(dy), int(dx)), (1, 2)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("size", [(9, 12), (16, 7)])
def test_fourier_is_exact_on_band_limited_pictures(size):
    rng, height, width = np.random.default_rng(3), *size
    waves = [(rng.integers(0, height // 3), rng.integers(0, width // 3), *rng.normal(size=2)) for _ in range(6)]

    def surface(dy, dx):
        y, x = (np.arange(height) - dy)[:, None] / height, (np.arange(width) - dx) / width
        return sum(a * np.cos(2 * np.pi * (p * y + q * x) + b) for p, q, a, b in waves)

    fourier = FourierShift("0,0;0.3,-1.7;2.25,0.5")
    out = torch.empty(3, 1, *size, dtype=torch.float64)
    fourier.open(torch.from_numpy(surface(0, 0))[None, None], [0]).write(out, range(3), [0] * 3)
    for view, shift in zip(out[:, 0], fourier.shifts.offsets, strict=True):
        same(view, surface(*shift), 1e-12)


@pytest.mark.parametrize("size", [(8, 8), (7, 9), (8, 5)])
def test_fourier_there_and_back_is_two_shifts(size):
    preprocessing, picture = Preprocessing(size, None, *HALF), noise(*size, 3)
    fourier = FourierShift("0,0;0.5,0.25;1.3,-0.5")
    found = views(fourier.round_trip(), picture, preprocessing)
    source = fourier.source(picture, preprocessing, 0).double()[None]
    for view, (dy, dx) in zip(found, fourier.shifts.offsets, strict=True):
        once, twice = torch.empty_like(source), torch.empty_like(source)
        FourierShift(f"{dy},{dx}").open(source, [0]).write(once, [0], [0])
        FourierShift(f"{-dy},{-dx}").open(once, [0]).write(twice, [0], [0])
        same(view, (preprocessing.denormalise(twice[0]) * 255).permute(1, 2, 0).numpy())


BORDERS = {"circular": "grid-wrap", "reflect": "mirror", "black": "grid-constant", "#0a64ff": "grid-constant"}
COLOURS = {"black": (0, 0, 0), "#0a64ff": (10, 100, 255)}


def moved(pixels, shift, border):
    values = COLOURS.get(border, (0, 0, 0))
    channels = [
        ndimage.shift(pixels[..., c].astype(float), shift, order=1, mode=BORDERS[border], cval=values[c])
        for c in range(3)
    ]
    return np.stack(channels, -1)


@FEW
@given(SIDES, SHIFTS, st.sampled_from(list(BORDERS)))
def test_bilinear_is_scipys_linear_shift(size, shifts, border):
    bilinear, picture = BilinearShift(grid(shifts), border=border), noise(*size, 3)
    found = views(bilinear, picture, Preprocessing(size, None, *HALF))
    for view, (dy, dx) in zip(found, shifts, strict=True):
        same(view, moved(picture.pixels, (dy / 8, dx / 8), border))


@FEW
@given(SIDES, SHIFTS)
def test_bilinear_there_and_back_is_two_shifts(size, shifts):
    bilinear, picture = BilinearShift(grid(shifts), border="circular").round_trip(), noise(*size, 3)
    found = views(bilinear, picture, Preprocessing(size, None, *HALF))
    for view, (dy, dx) in zip(found, shifts, strict=True):
        once = moved(picture.pixels, (dy / 8, dx / 8), "circular")
        same(view, moved(once, (-dy / 8, -dx / 8), "circular"))


def turned(pixels, angle, size, mode, colour):
    """Turn about the middle with scipy: counter-clockwise on the screen."""
    c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    matrix = np.array([[c, s], [-s, c]])
    offset = (np.array(pixels.shape[:2]) - 1) / 2 - matrix @ ((np.array(size) - 1) / 2)
    each = [
        ndimage.affine_transform(
            pixels[..., k].astype(float), matrix, offset, output_shape=size, order=1, mode=mode, cval=colour[k]
        )
        for k in range(3)
    ]
    return np.stack(each, -1)


@pytest.mark.parametrize("fill", ["black", "#0a64ff", "reflect"])
@pytest.mark.parametrize("size", [(20, 20), (15, 22)])
def test_rotation_is_scipys_affine_map(fill, size):
    rotation, picture = Rotation("-50..50:12.5", fill=fill), noise(*size, 3)
    found = views(rotation, picture, Preprocessing(size, None, *HALF))
    mode = "mirror" if fill == "reflect" else "grid-constant"
    for view, angle in zip(found, rotation.angles, strict=True):
        same(view, turned(picture.pixels, angle, size, mode, COLOURS.get(fill, (0, 0, 0))), 0.02)


def test_quarter_turns_are_counter_clockwise():
    picture = noise(12, 12, 3)
    found = views(Rotation("0,90,180,270"), picture, Preprocessing((12, 12), None, *HALF))
    for view, turns in zip(found, range(4), strict=True):
        same(view, np.rot90(picture.pixels, turns), 0.02)


def test_rotation_there_and_back_keeps_the_corners():
    picture, angle = noise(20, 20, 3), 33.0
    found = views(Rotation((0.0, angle)).round_trip(), picture, Preprocessing((20, 20), None, *HALF))
    same(found[0], picture.pixels)
    wide = turned(picture.pixels, angle, (60, 60), "grid-constant", (0, 0, 0))
    same(found[1], turned(wide, -angle, (20, 20), "grid-constant", (0, 0, 0)), 0.05)


def test_turns_of_the_same_angle_go_together():
    preprocessing, pictures = Preprocessing((9, 9), None, *HALF), [noise(9, 9, 3, seed=i) for i in range(3)]
    rotation = Rotation((0.0, 20.0), fill="mean")
    sources = torch.stack([rotation.source(p, preprocessing, 0) for p in pictures])
    out = torch.empty(3, 3, 9, 9)
    rotation.open(sources, range(3)).write(out, [1] * 3, range(3))
    for one, picture in zip(out, pictures, strict=True):
        same(preprocessing.denormalise(one).permute(1, 2, 0) * 255, views(rotation, picture, preprocessing)[1], 1e-2)
