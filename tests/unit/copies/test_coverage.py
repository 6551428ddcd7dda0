from math import comb

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms import v2

from biasscope.copies.coverage import (
    crop_coverage,
    distinct_coverage,
    expected_coverage,
    phase_law,
    transform_coverage,
)
from biasscope.core.errors import UsageError


@pytest.mark.parametrize("replacement", [True, False])
def test_the_closed_form_is_what_drawing_gives(replacement: bool) -> None:
    rng, phases = np.random.default_rng(0), 16
    for copies in (1, 5, 16):
        draws = [rng.choice(phases, copies, replace=replacement) for _ in range(4000)]
        seen = np.mean([len(set(draw.tolist())) for draw in draws]) / phases
        assert expected_coverage(copies, phases, replacement=replacement) == pytest.approx(seen, abs=0.01)


def test_nine_offsets_cover_nine_of_thirty_two_phases_and_thirty_three_all() -> None:
    assert np.count_nonzero(phase_law(9, 32)) == 9
    assert np.count_nonzero(phase_law(33, 32)) == 32
    assert crop_coverage(10**7, 232, 224, 32) == pytest.approx((9 / 32) ** 2)
    assert crop_coverage(10**7, 256, 224, 32) == pytest.approx(1.0)


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_random_crops_by_a_sum_over_phases(copies: int, offsets: int, stride: int) -> None:
    law = [sum(1 for o in range(offsets) if o % stride == phase) / offsets for phase in range(stride)]
    want = sum(1 - (1 - a * b) ** copies for a in law for b in law) / stride**2
    assert crop_coverage(copies, 20 + offsets - 1, 20, stride) == pytest.approx(want, abs=1e-9)


@given(st.integers(1, 6), st.integers(1, 6), st.data())
@settings(max_examples=40, deadline=None)
def test_distinct_shifts_by_counting_subsets(offsets: int, stride: int, draw: st.DataObject) -> None:
    total = offsets**2
    copies = draw.draw(st.integers(0, total))
    phases = [(y % stride, x % stride) for y in range(offsets) for x in range(offsets)]
    chances = [1 - comb(total - phases.count(p), copies) / comb(total, copies) for p in set(phases)]
    assert distinct_coverage(copies, offsets, stride) == pytest.approx(sum(chances) / stride**2)


def test_a_random_crop_delivers_its_closed_form() -> None:
    crop = v2.RandomCrop(32, padding=2)
    found = transform_coverage(crop, (32, 32), 4, epochs=60, repetitions=12)
    for epoch in (1, 10, 60):
        assert found.share[epoch - 1] == pytest.approx(crop_coverage(epoch, 36, 32, 4), abs=0.05)
        assert found.distinct[epoch - 1] == pytest.approx(25 * expected_coverage(epoch, 25), abs=1.2)
    assert set(np.unique(found.offsets)) == {14.0, 15.0, 16.0, 17.0, 18.0}


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


def test_wrong_numbers() -> None:
    with pytest.raises(UsageError):
        expected_coverage(3, 0)
    with pytest.raises(UsageError):
        crop_coverage(3, 20, 30, 4)
    with pytest.raises(UsageError):
        distinct_coverage(10, 3, 4)
    with pytest.raises(UsageError):
        phase_law(0, 4)
