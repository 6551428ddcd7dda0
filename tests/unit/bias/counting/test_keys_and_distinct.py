"""Hashes that decide groups and choices, and counts of distinct images in bounded memory."""

import numpy as np
import polars as pl

from biasscope.bias.counting.distinct import Distinct
from biasscope.bias.counting.keys import groups, image_keys, ranks, row_uniforms, text_hashes
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
