"""Embedded scenes as a source: what the small networks were not trained on, with boxes, margins and seeds."""

import numpy as np
import pytest

from biasscope.core.errors import UsageError
from biasscope.images import open_images
from biasscope.images.scenes import draw, place
from biasscope.models.small.recipe import recipe


def test_they_are_the_scenes_that_training_kept_back():
    known = recipe("digits8")
    placed = place(known.scenes, side=known.side, seed=known.seed, uniform=known.uniform)
    kept = np.flatnonzero(~placed.train)[:20]
    pictures = list(open_images("scenes:20"))
    assert [picture.image_id for picture in pictures] == [placed.names[index] for index in kept]
    for index, picture in zip(kept, pictures, strict=True):
        assert np.array_equal(picture.pixels, draw(placed, index))
        assert picture.label == placed.digit[index]


@pytest.mark.parametrize(("spec", "options"), [("scenes:300", {"seed": 9}), ("scenes:1200", {})])
def test_no_digit_was_trained_on(spec, options):
    source = open_images(spec, **options)
    trained = place(5000, uniform=True)
    assert not set(source._placed.sample[~source._placed.train]) & set(trained.sample[trained.train])
    assert source.count == len(source._placed.sample[~source._placed.train][: source.count])


def test_boxes_hold_the_digit_and_classes_take_turns():
    source = open_images("scenes:30", margin=5)
    for number, picture in enumerate(source):
        assert picture.pixels.shape == (74, 74)
        assert picture.label == number % 10
        x0, y0, x1, y1 = (int(edge) for edge in picture.box)
        assert picture.pixels[y0:y1, x0:x1].max() > 150
        picture.pixels[y0:y1, x0:x1] = 0
        assert not picture.pixels.any()


def test_the_margin_changes_nothing_inside():
    plain, wide = open_images("scenes:3"), open_images("scenes:3", margin=8)
    for one, other in zip(plain, wide, strict=True):
        assert np.array_equal(one.pixels, other.pixels[8:-8, 8:-8])
        assert np.subtract(other.box, one.box).tolist() == [8, 8, 8, 8]
    assert "8 black pixels" in wide.law


def test_side_number_and_words():
    source = open_images("scenes", side=96, limit=3)
    assert [picture.pixels.shape for picture in source] == [(96, 96)] * 3
    assert open_images("scenes").count == 1000
    assert "uniformly" in source.law
    assert source.class_names == tuple("0123456789")


@pytest.mark.parametrize(
    ("spec", "options"),
    [("scenes:x", {}), ("scenes:0", {}), ("scenes:-3", {}), ("scenes", {"side": 8}), ("scenes", {"margin": -1})],
)
def test_what_cannot_be(spec, options):
    with pytest.raises(UsageError, match="scene"):
        open_images(spec, **options)
