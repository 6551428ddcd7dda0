"""How pictures are prepared."""

import numpy as np
import pytest
import torch
from PIL import Image

from biasscope.core.errors import InputError, UsageError
from biasscope.models import Preprocessing


@pytest.mark.parametrize(("width", "height"), [(90, 70), (70, 90), (64, 64), (41, 200)])
def test_preprocessing_equals_torchvision(width, height):
    from torchvision.transforms._presets import ImageClassification

    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))
    ours = Preprocessing((56, 56), 64)(picture)
    torch.testing.assert_close(ours, ImageClassification(crop_size=56, resize_size=64)(picture))


def test_preprocessing_of_arrays_and_grey_pictures():
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    colour = Preprocessing((8, 8), None)
    assert colour(grey).shape == (3, 8, 8)
    assert torch.equal(colour.pixels(grey)[0], torch.from_numpy(grey) / 255)
    single = Preprocessing((8, 8), None, (0.5,), (0.25,))
    torch.testing.assert_close(single.denormalise(single(grey)), single.pixels(grey))
    assert single.batch([grey, grey]).shape == (2, 1, 8, 8)
    with pytest.raises(InputError, match="takes 3 channels"):
        colour.normalise(torch.zeros(1, 8, 8))


@pytest.mark.parametrize(
    ("mean", "std"), [((np.nan,), (1.0,)), ((0.0,), (np.inf,)), ((0.0,), (0.0,)), ((0.0, 1.0), (1.0,)), ((), ())]
)
def test_preprocessing_that_cannot_normalise_is_refused(mean, std):
    with pytest.raises(UsageError, match="do not normalise"):
        Preprocessing((8, 8), None, mean, std)


def test_channels_that_pictures_do_not_have_are_refused():
    four = Preprocessing((8, 8), None, (0.5,) * 4, (0.25,) * 4)
    with pytest.raises(InputError, match=r"takes 4 channels, pictures are prepared with 3 \(RGB\) or 1 \(grey\)"):
        four(np.zeros((8, 8, 3), np.uint8))
    assert four.normalise(torch.zeros(4, 8, 8)).shape == (4, 8, 8)
