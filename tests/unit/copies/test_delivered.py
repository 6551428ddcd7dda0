import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from biasscope.copies.coverage import crop_coverage, expected_coverage
from biasscope.copies.delivered import transform_coverage


def test_a_random_crop_delivers_its_closed_form() -> None:
    crop = v2.RandomCrop(32, padding=2)
    found = transform_coverage(crop, (32, 32), 4, epochs=60, repetitions=12)
    for epoch in (1, 10, 60):
        assert found.share[epoch - 1] == pytest.approx(crop_coverage(epoch, 36, 32, 4), abs=0.05)
        assert found.distinct[epoch - 1] == pytest.approx(25 * expected_coverage(epoch, 25), abs=1.2)
    assert set(np.unique(found.offsets)) == {14.0, 15.0, 16.0, 17.0, 18.0}


def test_strides_that_differ_along_the_axes_have_fewer_phases() -> None:
    found = transform_coverage(v2.RandomCrop(32, padding=2), (32, 32), (4, 2), epochs=60, repetitions=12)
    assert found.share[0] == 1 / 8
    assert found.share[9] == pytest.approx(crop_coverage(10, 36, 32, (4, 2)), abs=0.05)


def test_colours_are_copies_but_no_phases() -> None:
    found = transform_coverage(v2.ColorJitter(brightness=0.5), (24, 24), 4, epochs=6, repetitions=2)
    assert found.distinct[-1] == 6
    assert found.share.tolist() == [1 / 16] * 6


def test_no_transform_delivers_one_copy_and_a_flip_two() -> None:
    same = transform_coverage(v2.Identity(), (24, 24), 4, epochs=5, repetitions=2)
    assert (same.distinct == 1).all()
    flip = transform_coverage(v2.RandomHorizontalFlip(), (24, 25), 4, epochs=30, repetitions=3)
    assert flip.distinct[-1] == 2
    assert (flip.scales == 1).all()


def test_resized_crops_change_the_scale_and_lose_the_middle() -> None:
    resized = v2.RandomResizedCrop(32, scale=(0.08, 1.0), antialias=True)
    found = transform_coverage(resized, (48, 48), 8, epochs=60, repetitions=3)
    assert found.scales[np.isfinite(found.scales)].std() > 0.1
    assert 0.05 < np.isnan(found.offsets).any(2).mean() < 0.8
    assert 0.2 < found.share[-1] < 0.8
    assert found.distinct[-1] > 59


def test_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    one = transform_coverage(v2.RandomCrop(8), (12, 12), 4, epochs=5)
    assert torch.equal(before, torch.get_rng_state())
    assert np.array_equal(one.offsets, transform_coverage(v2.RandomCrop(8), (12, 12), 4, epochs=5).offsets)


def test_the_share_is_the_mean_of_its_repetitions_and_no_warning_is_shown() -> None:
    found = transform_coverage(v2.RandomErasing(1.0), (24, 24), 4, epochs=3, repetitions=2)
    assert found.shares.tolist() == [[1 / 16] * 3] * 2
    crops = transform_coverage(v2.RandomCrop(32, padding=2), (32, 32), 4, epochs=9, repetitions=3)
    assert np.allclose(crops.shares.mean(0), crops.share)
    assert crops.shares[:, -1].std() > 0
