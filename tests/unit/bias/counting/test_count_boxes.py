"""Counting: order, sharding, labels, what is left out, and one box an image."""

import itertools
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biasscope.bias import BoxCounts, count_boxes
from biasscope.bias.counting.counts import BY_LABEL, POOLED
from biasscope.bias.position import placement, position
from biasscope.core.errors import InputError, OutputError, UsageError
from tests.box_scenes import frame, scene

MODES = ["one", "all"]
TABLES = (*BY_LABEL, *POOLED)


def assert_same(a: BoxCounts, b: BoxCounts) -> None:
    assert (a.settings, a.labels, a.skipped) == (b.settings, b.labels, b.skipped)
    for name in TABLES:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


@pytest.fixture(scope="module")
def boxes() -> pl.DataFrame:
    return scene(4, 30, per_image=3, seed=1)


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(0, 360), max_size=4))
def test_neither_order_nor_batches_matter(boxes, mode, seed, cuts):
    shuffled = boxes.sample(fraction=1, shuffle=True, seed=seed)
    edges = [0, *sorted(cuts), len(boxes)]
    batches = [shuffled[a:b] for a, b in itertools.pairwise(edges)]
    assert_same(
        count_boxes(batches, per_image=mode, grid="integer"), count_boxes(boxes, per_image=mode, grid="integer")
    )


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=8, deadline=None)
@given(parts=st.lists(st.integers(0, 2), min_size=120, max_size=120))
def test_shards_of_images_add_up(boxes, mode, parts):
    """Also when a label, or everything, is missing from a shard."""
    shard = pl.Series(np.repeat(parts, 3))
    whole = count_boxes(boxes, per_image=mode, grid="integer")
    shards = [count_boxes(boxes.filter(shard == part), per_image=mode, grid="integer") for part in range(3)]
    assert_same(shards[0] + shards[1] + shards[2], whole)
    assert_same(shards[2] + (shards[0] + shards[1]), whole)


@pytest.mark.parametrize("mode", MODES)
def test_renaming_classes_moves_their_rows_and_changes_nothing_else(boxes, mode):
    names = {"c0": "z", "c1": "y", "c2": "x", "c3": "w"}
    renamed = boxes.with_columns(pl.col("label").cast(pl.String).replace(names).cast(pl.Categorical()))
    before, after = count_boxes(boxes, per_image=mode), count_boxes(renamed, per_image=mode)
    assert after.labels == ("w", "x", "y", "z")
    for name in (*BY_LABEL, *POOLED):
        expected = getattr(before, name)
        if name in BY_LABEL:
            expected = np.concatenate([expected[:-1][::-1], expected[-1:]])
        np.testing.assert_array_equal(getattr(after, name), expected, err_msg=name)


def test_lazy_frames_and_batches_count_as_the_frame_does(boxes):
    assert_same(count_boxes(boxes.lazy()), count_boxes(boxes))
    assert_same(count_boxes(iter([boxes])), count_boxes(boxes))


def test_plain_text_labels_and_missing_split_column(boxes):
    plain = boxes.with_columns(pl.col("label").cast(pl.String)).drop("split")
    assert_same(count_boxes(plain), count_boxes(boxes))


def test_boxes_put_aside_in_files_are_the_same_boxes(boxes, monkeypatch):
    monkeypatch.setattr("biasscope.bias.counting.counts.HOLD", 50)
    batches = boxes.sample(fraction=1, shuffle=True, seed=3).iter_slices(37)
    assert_same(count_boxes(batches), count_boxes(boxes))


def test_a_full_disk_is_an_output_error(boxes, monkeypatch, tmp_path):
    monkeypatch.setattr("biasscope.bias.counting.counts.HOLD", 50)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    with pytest.raises(OutputError, match="cannot put boxes aside"):
        count_boxes(boxes.iter_slices(37))


def test_an_image_is_known_by_split_and_id():
    same = frame(["a", "a"], ["c", "c"], [0, 9], [0, 9], [5, 20], [5, 20], [50, 50], [50, 50])
    apart = same.with_columns(pl.Series("split", ["train", "val"]).cast(pl.Categorical()))
    assert count_boxes(same).images.tolist() == [1, 1]
    assert count_boxes(apart).images.tolist() == [2, 2]


def test_one_mode_keeps_one_box_of_every_image_and_label():
    rows = [("a", "cat"), ("a", "cat"), ("a", "dog"), ("b", "dog"), ("b", "dog")]
    made = frame(
        *map(list, zip(*rows, strict=True)), [0, 5, 9, 1, 3], [0] * 5, [9, 15, 19, 11, 13], [9] * 5, [50] * 5, [50] * 5
    )
    counts = count_boxes(made)
    assert counts.labels == ("cat", "dog")
    assert counts.boxes.tolist() == [2, 3, 5]
    assert counts.images.tolist() == counts.raw.sum((1, 2)).tolist() == [1, 2, 2]


def test_the_chosen_box_is_any_of_its_image_equally_often():
    chosen = np.zeros(4)
    boxes = frame(["a"] * 4, ["c"] * 4, [0, 15, 28, 41], [0] * 4, [9, 24, 37, 50], [9] * 4, [50] * 4, [50] * 4)
    for seed in range(400):
        counts = count_boxes(boxes, seed=seed, bins=4)
        chosen += counts.raw[0].sum(0).reshape(4, 4).sum(0)
    assert chosen.sum() == 400
    assert ((chosen > 70) & (chosen < 130)).all()


def test_duplicate_boxes_do_not_make_a_second_choice():
    made = frame(["a"] * 3, ["c"] * 3, [1.0, 1.0, 1.1], [2.0] * 3, [9.0] * 3, [9.0] * 3, [50] * 3, [50] * 3)
    assert count_boxes(made, grid="continuous").images.tolist() == [1, 1]


def test_rows_that_cannot_be_placed_are_left_out_and_counted():
    made = frame(
        ["a"] * 7,
        ["c", None, "c", "c", "c", "c", "c"],
        [0, 0, float("nan"), 9, -40, 0, None],
        [0] * 7,
        [5, 5, 5, 3, 5, 90, 5],
        [5] * 7,
        [50] * 7,
        [50] * 7,
    )
    counts = count_boxes(made)
    assert counts.skipped == 6
    assert counts.boxes.tolist() == [1, 1]


@pytest.mark.parametrize("mode", MODES)
def test_a_label_without_a_usable_box_is_listed_with_none(mode):
    good = frame(["a"], ["b"], [0], [0], [5], [5], [50], [50])
    bad = frame(["b", "c"], ["z", "a"], [9, 9], [0, 0], [5, 5], [5, 5], [50, 50], [50, 50])
    counts = count_boxes([good, bad], per_image=mode)
    assert counts.labels == ("a", "b", "z")
    assert counts.boxes.tolist() == counts.images.tolist() == [0, 1, 0, 1]
    assert counts.skipped == 2
    assert position(counts, monte_carlo=99).table("classes")["verdict"] == ["not tested"] * 3


def test_no_boxes_at_all_count_to_nothing():
    empty = scene(1, 1)[:0]
    for mode in MODES:
        counts = count_boxes(empty, per_image=mode)
        assert counts.labels == ()
        assert counts.boxes.tolist() == [0]
        assert_same(counts + counts, counts)


def test_unsized_frames_are_unit_frames():
    made = frame(["a"], ["c"], [0.25], [0.5], [0.5], [0.75], [None], [None])
    counts = count_boxes(made)
    assert counts.settings.grid == "continuous"
    assert counts.moment("u")[0].sum() == pytest.approx(1 / 3, abs=1e-6)
    assert counts.moment("v")[0].sum() == pytest.approx(2 / 3, abs=1e-6)


def test_unsized_frames_have_slack_down_to_a_thousandth():
    made = frame(["a", "b"], ["c", "c"], [0.1, 0.0], [0.2, 0.0], [0.8, 0.9995], [0.4, 0.9985], [None] * 2, [None] * 2)
    counts = count_boxes(made)
    assert counts.moment("n_u")[0].sum() == 1
    assert counts.moment("n_v")[0].sum() == 2
    assert counts.moment("u")[0].sum() == pytest.approx(1 / 3, abs=1e-6)
    assert counts.moment("v")[0].sum() == pytest.approx(1 / 4, abs=1e-6)


def test_counts_too_large_for_32_bits_are_kept_in_64(boxes, monkeypatch):
    narrow = count_boxes(boxes, per_image="all")
    for module in ("counts", "counter"):
        monkeypatch.setattr(f"biasscope.bias.counting.{module}.MOST_NARROW", 100)
    batches = [boxes[:200], boxes[200:]]
    wide = count_boxes(batches, per_image="all", grid="integer")
    assert_same(wide, narrow)
    assert wide.raw.dtype == (narrow + narrow).raw.dtype == np.int64
    assert narrow.raw.dtype == np.int32


def test_different_settings_do_not_add_up(boxes):
    with pytest.raises(UsageError, match="do not add up"):
        count_boxes(boxes, seed=1) + count_boxes(boxes, seed=2)


@pytest.mark.parametrize("wrong", [{"per_image": "two"}, {"grid": "hex"}, {"bins": 1}, {"groups": 1}])
def test_settings_out_of_range_are_usage_errors(boxes, wrong):
    with pytest.raises(UsageError):
        count_boxes(boxes, **wrong)


def test_missing_columns_are_input_errors(boxes):
    with pytest.raises(InputError, match="image_width"):
        count_boxes(boxes.drop("image_width"))


def test_formats_that_round_corners_make_the_same_choices(boxes):
    """Fractions with six decimals move a corner by less than a thousandth of a pixel."""
    moved = boxes.with_columns(pl.col("x0", "y1") + 3e-4, pl.col("x1", "y0") - 3e-4)
    a, b = count_boxes(boxes), count_boxes(moved)
    assert b.settings.grid == "integer"
    assert (a.feasible != b.feasible).sum() <= 2
    np.testing.assert_allclose(a.moment("u"), b.moment("u"), atol=1e-3)


def test_the_pooled_row_of_all_mode_is_the_sum_of_its_classes(boxes):
    counts = count_boxes(boxes, per_image="all")
    for name in BY_LABEL:
        if name != "images":
            values = getattr(counts, name)
            np.testing.assert_array_equal(values[-1], values[:-1].sum(0), err_msg=name)


def test_cluster_sums_hold_every_box_in_both_modes(boxes):
    one, every = count_boxes(boxes), count_boxes(boxes, per_image="all")
    np.testing.assert_array_equal(one.cluster, every.cluster)
    np.testing.assert_array_equal(every.cluster, every.moments[..., :6])
    assert placement(one, draws=99).design_effect[-1] == placement(every, draws=99).design_effect[-1]


@pytest.mark.parametrize("cuts", [[], [100], [30_000, 65_000, 66_000, 90_000]])
def test_the_grid_is_seen_in_the_first_boxes_however_they_are_cut(cuts):
    rng = np.random.default_rng(0)
    x = np.floor(rng.uniform(0, 50, 100_000))
    x[66_000:] += 0.5
    ids = np.arange(100_000).astype(str)
    made = frame(ids, ["c"] * len(x), x, x, x + 20, x + 20, [100] * len(x), [100] * len(x))
    parts = [made[low:high] for low, high in pairwise([0, *cuts, len(x)])]
    assert count_boxes(parts).settings.grid == count_boxes(made).settings.grid == "integer"
    assert_same(count_boxes(parts), count_boxes(made))
    assert count_boxes([made[66_000:], made[:66_000]]).settings.grid == "continuous"
