"""Embedded scenes: inside the frame, by the stated law, without leaking samples, drawn where the boxes say."""

import numpy as np
import pytest
from scipy.stats import beta, kstest
from sklearn.datasets import load_digits

from biasscope.images.scenes import LAW, draw, place


def test_every_box_lies_inside_its_scene() -> None:
    scenes = place(3000, seed=3)
    for corner in (scenes.x0, scenes.y0):
        assert corner.min() >= 0
        assert (corner + scenes.size).max() <= scenes.side


@pytest.mark.parametrize("digit", [0, 4, 5, 6, 7, 8, 9])
def test_placement_follows_the_stated_law(digit: int) -> None:
    scenes = place(40_000, side=4096, seed=1)
    own = scenes.digit == digit
    for corner, parameters in zip((scenes.x0, scenes.y0), LAW.get(digit, ((1, 1), (1, 1))), strict=True):
        position = (corner[own] + 0.5) / (scenes.side - scenes.size[own] + 1)
        assert kstest(position, beta(*parameters).cdf).pvalue > 1e-3


def test_uniform_scenes_ignore_the_law() -> None:
    scenes = place(40_000, side=4096, seed=1, uniform=True)
    own = scenes.digit == 9
    position = (scenes.y0[own] + 0.5) / (scenes.side - scenes.size[own] + 1)
    assert kstest(position, "uniform").pvalue > 1e-3


def test_splits_share_no_sample_and_samples_have_their_class() -> None:
    scenes = place(5000)
    assert not set(scenes.sample[scenes.train]) & set(scenes.sample[~scenes.train])
    assert (load_digits().target[scenes.sample] == scenes.digit).all()


def test_drawing_fills_the_box_and_nothing_else() -> None:
    scenes = place(20)
    picture = draw(scenes, 7)
    top, left, size = scenes.y0[7], scenes.x0[7], scenes.size[7]
    assert picture.shape == (scenes.side, scenes.side)
    assert picture[top : top + size, left : left + size].max() > 200
    picture[top : top + size, left : left + size] = 0
    assert not picture.any()


def test_seed_decides() -> None:
    one, same, other = place(50, seed=5), place(50, seed=5), place(50, seed=6)
    assert np.array_equal(one.x0, same.x0)
    assert not np.array_equal(one.x0, other.x0)
    assert one.names[0] == "train-00000"
