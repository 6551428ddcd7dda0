"""The inpainted background against slow loops."""

import numpy as np
import pytest
import torch

from biasscope.images.picture import Picture
from biasscope.models import Preprocessing
from biasscope.transforms import Embed
from biasscope.transforms.inpaint import inpaint

TAPS = np.array([1, 4, 6, 4, 1]) / 16


def slow(pixels, known, rounds=80):
    """One channel; every unknown pixel looks at its 25 neighbours, in each round."""
    values, filled = np.where(known, pixels, 0.0), known.copy()
    height, width = known.shape
    for _ in range(rounds):
        if filled.all():
            return values
        new, grown = values.copy(), filled.copy()
        for y, x in np.argwhere(~known):
            above = below = 0.0
            for dy in range(-2, 3):
                for dx in range(-2, 3):
                    if 0 <= y + dy < height and 0 <= x + dx < width and filled[y + dy, x + dx]:
                        weight = TAPS[dy + 2] * TAPS[dx + 2]
                        above, below = above + weight * values[y + dy, x + dx], below + weight
            if below > 0:
                new[y, x], grown[y, x] = above / below, True
        values, filled = new, grown
    return np.where(filled, values, values[filled].mean())


@pytest.mark.parametrize(("size", "rounds"), [((12, 17), 80), ((9, 30), 80)])
def test_inpaint_is_the_slow_loop(size, rounds):
    rng = np.random.default_rng(2)
    pixels, known = rng.random((2, *size)), np.zeros(size, bool)
    known[3:6, 4:9] = True
    known[5, 5] = False
    found = inpaint(torch.from_numpy(pixels), torch.from_numpy(known)).numpy()
    for channel, plane in zip(found, pixels, strict=True):
        np.testing.assert_allclose(channel, slow(plane, known, rounds), rtol=0, atol=1e-12)
    assert np.array_equal(found[:, known], pixels[:, known])


def test_what_is_too_far_away_becomes_the_mean():
    pixels, known = torch.zeros(1, 1, 400), torch.zeros(1, 400, dtype=torch.bool)
    pixels[0, 0, :2], known[0, :2] = torch.tensor([1.0, 3.0]), True
    found = inpaint(pixels, known)[0, 0]
    assert found.isfinite().all()
    assert torch.equal(found[:2], torch.tensor([1.0, 3.0]))
    assert found[170:].unique().numel() == 1
    assert found[:162].mean() == pytest.approx(float(found[-1]), abs=1e-4)


def test_the_background_is_made_once_and_moves_along():
    picture = Picture("noise", np.random.default_rng(1).integers(0, 256, (10, 10, 3), dtype=np.uint8))
    preprocessing = Preprocessing((16, 16), None, (0.5,) * 3, (0.5,) * 3)
    embed = Embed("3", fill="inpaint", side=10, fit="model")
    source = embed.source(picture, preprocessing, 0)
    canvas, known = np.zeros((3, 18, 18)), np.zeros((18, 18), bool)
    canvas[:, 4:14, 4:14], known[4:14, 4:14] = picture.pixels.transpose(2, 0, 1) / 255, True
    expected = np.stack([slow(channel, known) for channel in canvas])
    np.testing.assert_allclose(preprocessing.denormalise(source), expected, rtol=0, atol=1e-5)
    out = torch.empty(9, 3, 16, 16)
    embed.open(source[None], [0]).write(out, range(9), [0] * 9)
    for view, (dy, dx) in zip(out, embed.shifts.offsets, strict=True):
        top, left = 1 - int(dy), 1 - int(dx)
        assert torch.equal(view, source[:, top : top + 16, left : left + 16])
