"""Protocols that move by whole pixels, against plain slicing, rolling, pasting: one picture, one view at a time."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from biasscope.images.picture import Picture
from biasscope.models import Preprocessing
from biasscope.transforms import BoxCrop, Circular, Crop, Embed, RandomPairs
from biasscope.transforms.windows import around

HALF = ((0.5, 0.4, 0.3), (0.5, 0.25, 0.2))
GRIDS = st.sampled_from(
    ["3", "5x3", "4", "2x5:2", "diagonal:4", "horizontal:3", "vertical:5", "axes:2", "0..3", "-1,2;3,0"]
)
SIDES = st.tuples(st.integers(1, 40), st.integers(1, 40))
FEW = settings(max_examples=30, deadline=None)


def noise(*shape, seed=0, **options):
    return Picture("noise", np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8), **options)


def views(transformation, picture, preprocessing, index=0):
    """All views as (S, H, W, C) values in 0..255."""
    source = transformation.source(picture, preprocessing, index)
    out = torch.empty(len(transformation), preprocessing.channels, *preprocessing.size)
    every = range(len(transformation))
    transformation.open(source[None], [index]).write(out, every, [0] * len(every))
    return (preprocessing.denormalise(out) * 255).permute(0, 2, 3, 1).numpy()


def shifts(transformation):
    return zip(transformation.coordinates["dy"].tolist(), transformation.coordinates["dx"].tolist(), strict=True)


def same(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.01)


@FEW
@given(st.tuples(st.integers(2, 30), st.integers(2, 30)), GRIDS)
def test_circular_is_np_roll(size, grid):
    preprocessing, circular = Preprocessing(size, None, *HALF), Circular(grid)
    picture = noise(*size, 3)
    found = views(circular, picture, preprocessing)
    for view, shift in zip(found, shifts(circular), strict=True):
        same(view, np.roll(picture.pixels, shift, (0, 1)))


def test_circular_goes_around_more_than_once():
    circular, picture = Circular("0,0;11,-13;-25,7;5,5"), noise(5, 7, 3)
    found = views(circular, picture, Preprocessing((5, 7), None, *HALF))
    for view, shift in zip(found, shifts(circular), strict=True):
        same(view, np.roll(picture.pixels, shift, (0, 1)))


@FEW
@given(
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    st.tuples(st.integers(40, 60), st.integers(40, 60)),
    st.integers(0, 3),
)
def test_crop_moves_the_models_own_centre_crop(window, size, reach):
    """The unshifted view is what the model sees; a window further up shows content further down."""
    preprocessing, crop = Preprocessing(window, min(size), *HALF), Crop(str(2 * reach + 1))
    picture = noise(*size, 3)
    found = views(crop, picture, preprocessing)
    top, left = round((size[0] - window[0]) / 2), round((size[1] - window[1]) / 2)
    for view, (dy, dx) in zip(found, shifts(crop), strict=True):
        rows, columns = slice(top - dy, top - dy + window[0]), slice(left - dx, left - dx + window[1])
        same(view, picture.pixels[rows, columns])
    same(found[crop.reference], (preprocessing.pixels(picture.pixels) * 255).permute(1, 2, 0))


@FEW
@given(SIDES, GRIDS, st.sampled_from([None, 8, 20]))
def test_crop_of_any_picture_shows_the_same_content_elsewhere(size, grid, resize):
    preprocessing, crop = Preprocessing((8, 10), resize, (0.5,), (0.5,)), Crop(grid)
    found = views(crop, noise(*size, 3), preprocessing)[..., 0]
    offsets = list(shifts(crop))
    for view, (dy, dx) in zip(found, offsets, strict=True):
        down, right = dy - offsets[0][0], dx - offsets[0][1]
        moved = np.full_like(view, np.nan)
        ys, xs = np.mgrid[:8, :10]
        inside = (ys - down >= 0) & (ys - down < 8) & (xs - right >= 0) & (xs - right < 10)
        moved[inside] = found[0][ys[inside] - down, xs[inside] - right]
        same(view[inside], moved[inside])


def test_crop_takes_the_resize_of_the_model_where_it_leaves_room():
    picture, preprocessing = noise(90, 70, 3), Preprocessing((20, 20), 30, *HALF)
    resized = np.asarray(Image.fromarray(picture.pixels).resize((30, 38), Image.Resampling.BILINEAR))
    same(views(Crop("3"), picture, preprocessing)[4], resized[9:29, 5:25])
    larger = np.asarray(Image.fromarray(picture.pixels).resize((40, 51), Image.Resampling.BILINEAR))
    found = views(Crop("0..20"), picture, preprocessing)
    same(found[0], larger[6 + 20 : 6 + 40, 20:40])
    same(found[-1], larger[6:26, :20])


def test_random_crops_have_the_fraction_that_was_asked_for():
    crop, preprocessing = Crop("1", crop=0.25, seed=4), Preprocessing((16, 16), None, *HALF)
    ramp = np.stack([np.repeat(np.arange(200)[:, None], 240, 1), np.repeat(np.arange(240)[None], 200, 0)], -1)
    picture = Picture("ramp", np.concatenate([ramp, ramp[..., :1]], -1).astype(np.uint8))
    areas, places = [], set()
    for index in range(40):
        (view,) = views(crop, picture, preprocessing, index)
        height = (view[-1, 0, 0] - view[0, 0, 0]) * 16 / 15
        width = (view[0, -1, 1] - view[0, 0, 1]) * 16 / 15
        areas.append(height * width / (200 * 240))
        assert 0.7 < width / height < 1.4
        places.add((round(float(view[0, 0, 0])), round(float(view[0, 0, 1]))))
    assert np.allclose(areas, 0.25, atol=0.015)
    assert len(places) > 30
    side = Crop("1", crop=0.5, fraction="side", seed=4)
    assert np.array_equal(views(side, picture, preprocessing, 3), views(crop, picture, preprocessing, 3))


@pytest.mark.parametrize(
    ("fill", "pixel"), [("black", (0, 0, 0)), ("mean", (127.5, 102, 76.5)), ("#0a64ff", (10, 100, 255))]
)
@pytest.mark.parametrize("grid", ["5x3", "diagonal:4", "4:2", "4"])
def test_embed_is_pasting(fill, pixel, grid):
    embed, picture = Embed(grid, fill=fill, side=12, fit="short"), noise(24, 30, 3)
    shrunk = np.asarray(Image.fromarray(picture.pixels).resize((15, 12), Image.Resampling.BILINEAR))
    found = views(embed, picture, Preprocessing((41, 44), None, *HALF))
    ys, xs = embed.coordinates["dy"], embed.coordinates["dx"]
    for view, (dy, dx) in zip(found, shifts(embed), strict=True):
        expected = np.full((41, 44, 3), pixel, np.float64)
        top = (41 - 12 - np.ptp(ys)) // 2 + dy - ys.min()
        left = (44 - 15 - np.ptp(xs)) // 2 + dx - xs.min()
        expected[top : top + 12, left : left + 15] = shrunk
        same(view, expected)


def test_embed_fits_long_sides_and_the_models_own_view():
    picture = noise(30, 60, 3)
    found = views(Embed("1", side=20, fit="long"), picture, Preprocessing((40, 40), 50, *HALF))[0]
    shrunk = np.asarray(Image.fromarray(picture.pixels).resize((20, 10), Image.Resampling.BILINEAR))
    same(found[15:25, 10:30], shrunk)
    assert (abs(found[:15]) < 0.01).all()
    found = views(Embed("1", side=20, fit="model"), picture, Preprocessing((40, 40), 50, *HALF))[0]
    shown = Image.fromarray(picture.pixels).resize((20, 20), Image.Resampling.BILINEAR, box=(18, 3, 42, 27))
    same(found[10:30, 10:30], np.asarray(shown))  # 40 of 50: 24 of 30 rows, from 3 on


def test_colours_are_luminances_for_grey_models():
    preprocessing = Preprocessing((20, 20), None, (0.5,), (0.5,))
    found = views(Embed("1", fill="#ff8000", side=6), noise(20, 20), preprocessing)
    assert found[0, 0, 0, 0] == pytest.approx(0.299 * 255 + 0.587 * 128, abs=0.01)


def test_cut_pictures_leave_the_canvas():
    embed, picture = Embed("5", cut=True, side=10, fit="model"), noise(10, 10, 3)
    found = views(embed, picture, Preprocessing((10, 10), None, *HALF))
    for view, (dy, dx) in zip(found, shifts(embed), strict=True):
        expected = np.zeros((30, 30, 3))
        expected[10 + dy : 20 + dy, 10 + dx : 20 + dx] = picture.pixels
        same(view, expected[10:20, 10:20])


def test_reflected_background_moves_along():
    embed, picture = Embed("3", fill="reflect", side=8, fit="model"), noise(8, 8, 3)
    found = views(embed, picture, Preprocessing((20, 20), None, *HALF))
    around_it = np.pad(picture.pixels, ((7, 7), (7, 7), (0, 0)), mode="reflect")
    assert around_it.shape == (22, 22, 3)
    for view, (dy, dx) in zip(found, shifts(embed), strict=True):
        same(view, around_it[1 - dy : 21 - dy, 1 - dx : 21 - dx])


@given(st.integers(1, 9), st.integers(0, 30), st.integers(0, 30), st.sampled_from(["circular", "reflect"]))
def test_going_on_around_is_np_pad(side, before, after, border):
    expected = np.pad(np.arange(side), (before, after), mode="wrap" if border == "circular" else "reflect")
    assert around(side, before, after, border).tolist() == expected.tolist()


@FEW
@given(st.integers(0, 60), st.integers(0, 70), st.integers(1, 12), st.integers(1, 10), GRIDS)
def test_box_crops_hold_the_whole_object_and_only_content(y0, x0, height, width, grid):
    """Where the picture has room for it: every window shows all of the object, where the shift says."""
    box = BoxCrop(grid)
    room = (24 + box.extent[0], 26 + box.extent[1])
    pixels = noise(*(max(a, b) for a, b in zip((80, 90), room, strict=True)), 3).pixels // 2
    y0, x0 = y0 + box.extent[0], x0 + box.extent[1]
    y1, x1 = min(y0 + height, 80 - box.extent[0]), min(x0 + width, 90 - box.extent[1])
    if y1 <= y0 or x1 <= x0:
        return
    pixels[y0:y1, x0:x1] = 255
    picture = Picture("box", pixels, box=(x0 + 0.2, y0 + 0.2, x1 - 0.2, y1 - 0.2))
    found = views(box, picture, Preprocessing((24, 26), None, *HALF))
    corner = [np.argwhere(view[..., 0] > 254).min(0) for view in found]
    for view, at, (dy, dx) in zip(found, corner, shifts(box), strict=True):
        assert (view > 254).sum() == (y1 - y0) * (x1 - x0) * 3
        first = next(iter(shifts(box)))
        assert (at - corner[0]).tolist() == [dy - first[0], dx - first[1]]
        top, left = y0 - at[0], x0 - at[1]
        same(view, pixels[top : top + 24, left : left + 26])


def test_box_crops_are_centred_and_resized_first_where_asked():
    picture = noise(60, 60, 3, box=(20, 30, 24, 34))
    same(views(BoxCrop("1"), picture, Preprocessing((20, 20), None, *HALF))[0], picture.pixels[22:42, 12:32])
    double = np.asarray(Image.fromarray(picture.pixels).resize((120, 120), Image.Resampling.BILINEAR))
    found = views(BoxCrop("1", source_size=120), picture, Preprocessing((20, 20), None, *HALF))
    same(found[0], double[54:74, 34:54])


@pytest.mark.parametrize("share", ["image", "batch"])
def test_pairs_are_windows_at_their_own_offsets(share):
    pairs = RandomPairs(6, share=share, batch=3, pairs=2, seed=1)
    preprocessing, pictures = Preprocessing((10, 12), 17, *HALF), [noise(17, 17, 3, seed=i) for i in range(7)]
    sources = torch.stack([pairs.source(p, preprocessing, i) for i, p in enumerate(pictures)])
    out = torch.empty(28, 3, 10, 12)
    both = [(view, number) for view in range(4) for number in range(7)]
    pairs.open(sources, range(7)).write(out, *zip(*both, strict=True))
    found = (preprocessing.denormalise(out) * 255).permute(0, 2, 3, 1)
    for view, (number, p) in zip(found, both, strict=True):
        top, left = pairs.draws(p)[number]
        assert 0 <= top < 6
        same(view, pictures[p].pixels[1 + top : 11 + top, left : left + 12])
    groups = {tuple(pairs.draws(p).ravel().tolist()) for p in range(7)}
    assert len(groups) == (7 if share == "image" else 3)


def test_pairs_are_uniform_with_replacement():
    draws = np.stack([RandomPairs(4, seed=9).draws(index) for index in range(4000)]).reshape(-1, 4)
    counts = np.stack([np.bincount(column, minlength=4) for column in draws.T])
    assert (abs(counts - 1000) < 5 * np.sqrt(750)).all()
    same_place = (draws[:, :2] == draws[:, 2:]).all(1).mean()
    assert abs(same_place - 1 / 16) < 5 * np.sqrt(1 / 16 / 4000)
