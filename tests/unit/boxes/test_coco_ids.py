"""Places of ids by array against places by dictionary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.boxes.readers.coco.ids import UNKNOWN, Key, Places, flags, floats

NEAR = st.integers(-3, 12)
FAR = st.sampled_from([-(1 << 63), -(1 << 62), (1 << 62) - 1, 1 << 62, (1 << 63) - 1, 1 << 63, 10**30, 1 << 20])
ANY = st.one_of(NEAR, FAR, st.none(), st.sampled_from(["", "1", "2"]))


@given(st.lists(st.one_of(NEAR, ANY), unique=True, max_size=9), st.lists(st.one_of(NEAR, ANY), max_size=9))
def test_ids_lead_where_the_dictionary_says(known: list[Key], asked: list[Key]) -> None:
    by_id = {key: 2 * place for place, key in enumerate(known)}
    assert Places(by_id).of(asked).tolist() == [by_id.get(key, UNKNOWN) for key in asked]


@pytest.mark.parametrize("ids", [range(5), range(-7, 3), [10**6], [2**40, 2**40 + 5], [-(1 << 61), 1 << 61]])
def test_around_the_ends_of_what_is_listed(ids: list[int]) -> None:
    by_id: dict[Key, int] = {key: place for place, key in enumerate(ids)}
    asked = [key + step for key in ids for step in (-2, -1, 0, 1, 2)] + [-(1 << 63), (1 << 63) - 1]
    assert Places(by_id).of(asked).tolist() == [by_id.get(key, UNKNOWN) for key in asked]


@given(st.lists(st.floats(width=64)))
def test_floats_are_numpys(numbers: list[float]) -> None:
    np.testing.assert_array_equal(floats(numbers), np.array(numbers, np.float64))


@given(st.lists(st.sampled_from([0, 0, 0, 1, -1, 10**30, True, False, None])))
def test_flags_are_pythons(values: list[object]) -> None:
    assert flags(values).tolist() == [bool(value) for value in values]
