from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biasscope.copies.coverage import (
    crop_coverage,
    distinct_coverage,
    expected_coverage,
    phase_law,
)
from biasscope.core.errors import UsageError


@pytest.mark.parametrize("replacement", [True, False])
def test_the_closed_form_is_what_drawing_gives(replacement: bool) -> None:
    rng, phases = np.random.default_rng(0), 16
    for copies in (1, 5, 16):
        draws = [rng.choice(phases, copies, replace=replacement) for _ in range(4000)]
        seen = np.mean([len(set(draw.tolist())) for draw in draws]) / phases
        assert expected_coverage(copies, phases, replacement=replacement) == pytest.approx(seen, abs=0.01)


def test_no_copy_covers_nothing_and_no_more_than_everything_is_covered() -> None:
    assert expected_coverage(0, 16) == expected_coverage(0, 16, replacement=False) == 0
    assert expected_coverage(40, 16, replacement=False) == 1
    assert expected_coverage(3, 1) == expected_coverage(1, 1, replacement=False) == 1
    for copies, phases in ((-1, 16), (3, 0)):
        with pytest.raises(UsageError, match="copies of"):
            expected_coverage(copies, phases)


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


def test_random_crops_where_strides_differ_along_the_axes() -> None:
    laws = [[sum(1 for o in range(7) if o % step == phase) / 7 for phase in range(step)] for step in (8, 2)]
    want = sum(1 - (1 - a * b) ** 20 for a in laws[0] for b in laws[1]) / 16
    assert crop_coverage(20, 38, 32, (8, 2)) == pytest.approx(want)
    assert crop_coverage(20, 38, 32, (8, 8)) == crop_coverage(20, 38, 32, 8)


@given(st.integers(1, 6), st.integers(1, 6), st.data())
@settings(max_examples=40, deadline=None)
def test_distinct_shifts_by_counting_subsets(offsets: int, stride: int, draw: st.DataObject) -> None:
    total = offsets**2
    copies = draw.draw(st.integers(0, total))
    phases = [(y % stride, x % stride) for y in range(offsets) for x in range(offsets)]
    chances = [1 - comb(total - phases.count(p), copies) / comb(total, copies) for p in set(phases)]
    assert distinct_coverage(copies, offsets, stride) == pytest.approx(sum(chances) / stride**2)


def test_wrong_numbers() -> None:
    with pytest.raises(UsageError):
        expected_coverage(3, 0)
    with pytest.raises(UsageError):
        crop_coverage(3, 20, 30, 4)
    with pytest.raises(UsageError, match="-1 copies"):
        crop_coverage(-1, 40, 32, 4)
    with pytest.raises(UsageError):
        distinct_coverage(10, 3, 4)
    with pytest.raises(UsageError):
        phase_law(0, 4)
