"""Hashes that decide groups and choices, and counts of distinct images in bounded memory."""

import numpy as np
import polars as pl
import pytest

from biasscope.bias.counting.distinct import Distinct
from biasscope.bias.counting.keys import (
    _distinct,
    categories,
    groups,
    image_keys,
    modulo,
    ranks,
    row_uniforms,
    text_hashes,
)
from biasscope.bias.counting.rows import Rows


def test_text_hashes_depend_on_the_text_alone():
    texts = ["", "a", "ab", "12345678", "123456789", "a much longer name of an image é", "\0", "\0\0", None]
    together = text_hashes(pl.Series(texts, dtype=pl.String))
    apart = [text_hashes(pl.Series([text], dtype=pl.String))[0] for text in texts]
    assert together.tolist() == [int(value) for value in apart]
    assert len(set(together.tolist())) == len(texts)
    assert hex(together[2]) == hex(text_hashes(pl.Series(["ab"]))[0])


def test_keys_are_pinned_so_that_stored_counts_stay_valid():
    assert image_keys(pl.Series(["ILSVRC2012_val_00000001"])).tolist() == [13399962126737614473]


def test_groups_choices_and_uniforms_are_pinned_so_that_shards_counted_apart_add_up():
    names = pl.Series(["ILSVRC2012_val_00000001", "ILSVRC2012_val_00000002", "ILSVRC2012_val_00000003"])
    keys, none = image_keys(names)[:2], np.zeros(2, np.int64)
    box = (np.array(side) for side in ([1, 0.25], [2, 0.5], [30, 0.75], [40.25, 1], [100.0, 1], [80.0, 1]))
    rows = Rows(keys, none, *box, np.array([True, False]))
    assert groups(image_keys(names), 1024, 3).tolist() == [414, 666, 997]
    assert ranks(rows, 3).tolist() == [4990134392597672144, 12726905067567640472]
    assert np.stack(row_uniforms(rows, 3)).ravel().tolist() == [
        0.1254199023824185, 0.21501200133934617, 0.46622903109528124, 0.5260067046619952,
    ]  # fmt: skip


def test_corners_count_to_a_quarter_pixel():
    def rank(x0):
        one = np.ones(1)
        return ranks(Rows(np.zeros(1, np.uint64), np.zeros(1, np.int64), x0 * one, *[one] * 5, one > 0), 0)[0]

    assert len({rank(place / 4) for place in range(40)}) == 40
    assert rank(3.25) == rank(3.25 + 0.12) == rank(3.25 - 0.12)


@pytest.mark.parametrize("far", [5, 1 << 21, (1 << 32) - 1])
def test_distinct_codes_whether_small_or_far_apart(far):
    codes = np.array([3, far, 3, 0, far, 1], np.uint32)
    first, index = _distinct(codes)
    assert codes[first].tolist() == [0, 1, 3, far]
    assert codes[first][index].tolist() == codes.tolist()
    assert first.tolist() == [3, 5, 0, 1]


def test_categories_are_the_texts():
    texts = ["b", "a", None, "b", "c", None]
    index, names = categories(pl.Series(texts))
    assert [None if place < 0 else names[int(place)] for place in index] == texts
    assert sorted(name for name in names if name is not None) == ["a", "b", "c"]


def test_rank_and_transform_are_independent_uniform_numbers():
    n = 20_000
    x = np.arange(n, dtype=float)
    ones = np.ones(n)
    rows = Rows(image_keys(pl.Series(["a"] * n)), np.zeros(n, np.int64), x, x, x + 3, x + 3, ones, ones, ones > 0)
    u, v = row_uniforms(rows, 0)
    rank = ranks(rows, 0) * 2.0**-64
    for values in (u, v, rank):
        assert np.abs(np.histogram(values, 10, (0, 1))[0] - n / 10).max() < 5 * np.sqrt(n / 10)
    assert np.abs(np.corrcoef([u, v, rank, x])[np.triu_indices(4, 1)]).max() < 4 / np.sqrt(n)


def test_distinct_is_exact_below_its_limit_and_close_above():
    random = np.random.default_rng(0)
    keys = random.integers(0, 2**64, 60_000, np.uint64)
    labels = np.arange(60_000) % 3
    exact, bounded = Distinct(), Distinct(limit=4000)
    for seen in (exact, bounded):
        for start in range(0, 60_000, 7000):
            part = slice(start, start + 7000)
            seen.add(np.repeat(keys[part], 2), np.repeat(labels[part], 2))
    assert exact.counts(3).tolist() == [20_000] * 3
    np.testing.assert_allclose(bounded.counts(3), 20_000, rtol=0.15)
    assert bounded.halvings > 0


def test_what_is_drawn_for_an_image_does_not_depend_on_its_split() -> None:
    names = pl.Series(["a", "b", "a"])
    plain = image_keys(names)
    split = image_keys(names, pl.Series(["train", "train", "val"]))
    assert len(set(split.tolist())) == 3
    assert groups(split, 20, 0).tolist() == groups(plain, 20, 0).tolist()


def test_hashes_of_many_texts_do_not_collide():
    texts = [f"{folder}/{number:08d}" for folder in ("train", "val") for number in range(100_000)]
    assert len(np.unique(text_hashes(pl.Series(texts)))) == len(texts)


@pytest.mark.parametrize("count", [1, 2, 3, 20, 1024, 2**40 + 1])
def test_modulo_is_the_remainder(count: int) -> None:
    keys = np.random.default_rng(0).integers(0, 1 << 64, 1000, np.uint64)
    keys[:2] = 0, (1 << 64) - 1
    assert modulo(keys, count).tolist() == [int(key) % count for key in keys]
