"""Counts against loops over rows that know nothing of fused keys, batches or fixed point."""

from collections import defaultdict

import numpy as np
import polars as pl
import pytest

from biasscope.bias import count_boxes
from biasscope.bias.coordinates import CONTACT, edge_contact, feasible_coordinates
from biasscope.bias.counting.keys import group_keys, groups, image_keys, row_uniforms
from biasscope.bias.counting.rows import Rows
from biasscope.bias.counting.tables import FRAME, MOMENTS, RAW_MOMENTS, SCALES
from tests.box_scenes import frame, scene

BINS, GROUPS = 8, 20


def aside(image_id):
    """What is added to a raw centre before it is binned: 1e-9 to the right or left, and down or up, by its image."""
    hashes = group_keys(image_keys(image_id), 0).tolist()
    return [[1e-9 if key >> bit & 1 else -1e-9 for bit in (62, 63)] for key in hashes]


def cell(value, bins):
    return min(int(value * bins), bins - 1)


@pytest.fixture(scope="module")
def boxes():
    edge = frame(
        ["e1", "e2", "e3"], ["c0", "c1", "c1"], [0, 0, 5], [0, 3, 0], [10, 100, 100], [10, 50, 80], [100] * 3, [80] * 3
    )
    return pl.concat([scene(3, 40, per_image=2, integer=False, seed=4), edge])


@pytest.fixture(scope="module")
def naive(boxes):
    """Every table by a loop over all boxes (continuous grid)."""
    found = defaultdict(lambda: defaultdict(float))
    group_of = groups(image_keys(boxes["image_id"]), GROUPS, 0)
    for row, group, (right, down) in zip(boxes.iter_rows(named=True), group_of, aside(boxes["image_id"]), strict=True):
        width, height = row["image_width"], row["image_height"]
        w, h = (row["x1"] - row["x0"]) / width, (row["y1"] - row["y0"]) / height
        cx, cy = (row["x0"] + row["x1"]) / 2 / width + right, (row["y0"] + row["y1"]) / 2 / height + down
        u = row["x0"] / width / (1 - w) if width * (1 - w) > 0.5 else None
        v = row["y0"] / height / (1 - h) if height * (1 - h) > 0.5 else None
        for label in (row["label"], "all"):
            found["raw"][label, group, cell(cy, 8) * 8 + cell(cx, 8)] += 1
            found["joint"][label, (cell(cy, 4) * 4 + cell(cx, 4)) * 4 + cell(h, 4)] += 1
            exact = np.log2(np.sqrt(w * h)) * 4 + 24
            found["scale"][label, group, max(int(np.floor(exact)), -1) + 1 if exact < 24 else 24] += 1
            found["edge"][label, "left"] += row["x0"] < 0.5
            found["edge"][label, "bottom"] += row["y1"] > height - 0.5
            found["slack_x"][label] += 1 - w
            found["no_slack_x"][label] += u is None
            if u is not None:
                found["u"][label] += u
                found["fine"][label, cell(u, 256)] += 1
            if u is not None and v is not None:
                found["feasible"][label, group, cell(v, 8) * 8 + cell(u, 8)] += 1
                found["uv"][label] += u * v
    return found


@pytest.fixture(scope="module")
def counts(boxes):
    return count_boxes(boxes, per_image="all", grid="continuous")


def rows(counts):
    return [*enumerate(counts.labels), (len(counts.labels), "all")]


@pytest.mark.parametrize("name", ["raw", "feasible", "scale"])
def test_grouped_tables_match_a_loop(counts, naive, name):
    table = getattr(counts, name)
    expected = np.zeros_like(table)
    for place, label in rows(counts):
        for group in range(GROUPS):
            for bin_ in range(table.shape[-1]):
                expected[place, group, bin_] = naive[name][label, group, bin_]
    np.testing.assert_array_equal(table, expected)
    assert table.sum() > 0


def test_joint_and_fine_tables_match_a_loop(counts, naive):
    for place, label in rows(counts):
        assert counts.joint[place].tolist() == [naive["joint"][label, bin_] for bin_ in range(64)]
        assert counts.fine[place, 0].tolist() == [naive["fine"][label, bin_] for bin_ in range(256)]


def test_sums_match_a_loop_to_fixed_point(counts, naive):
    for place, label in rows(counts):
        assert counts.moment("u")[place].sum() == pytest.approx(naive["u"][label], abs=1e-5)
        assert counts.moment("uv")[place].sum() == pytest.approx(naive["uv"][label], abs=1e-5)
        assert counts.moment("slack_x", "frame")[place].sum() == pytest.approx(naive["slack_x"][label], abs=1e-5)


def test_frame_counts_match_a_loop(counts, naive):
    for place, label in rows(counts):
        assert counts.moment("left", "frame")[place].sum() == naive["edge"][label, "left"]
        assert counts.moment("bottom", "frame")[place].sum() == naive["edge"][label, "bottom"]
        assert counts.moment("no_slack_x", "frame")[place].sum() == naive["no_slack_x"][label]


def test_boxes_and_images(counts, boxes):
    by_label = (
        boxes.group_by("label").agg(pl.len(), pl.col("image_id").n_unique()).sort(pl.col("label").cast(pl.String))
    )
    assert counts.boxes.tolist() == [*by_label["len"], len(boxes)]
    assert counts.images.tolist() == [*by_label["image_id"], boxes["image_id"].n_unique()]


def test_pooled_planes_match_numpy(counts, boxes):
    h = ((boxes["y1"] - boxes["y0"]) / boxes["image_height"]).to_numpy()
    cy = ((boxes["y1"] + boxes["y0"]) / 2 / boxes["image_height"]).to_numpy() + np.array(aside(boxes["image_id"]))[:, 1]
    expected, _, _ = np.histogram2d(h, cy, bins=16, range=[[0, 1], [0, 1]])
    np.testing.assert_array_equal(counts.cy_height, expected)


def test_interior_conditions_on_not_touching(boxes):
    counts = count_boxes(boxes, per_image="all", grid="continuous")
    free = boxes.filter(
        (pl.col("x0") >= 0.5)
        & (pl.col("y0") >= 0.5)
        & (pl.col("image_width") - pl.col("x1") >= 0.5)
        & (pl.col("image_height") - pl.col("y1") >= 0.5)
    )
    assert 0 < len(free) < len(boxes)
    assert counts.interior[-1].sum() == len(free)


def sides(boxes):
    """Corners and frame as arrays: x0, y0, x1, y1, width, height."""
    names = ("x0", "y0", "x1", "y1", "image_width", "image_height")
    return [boxes[name].cast(pl.Float64).to_numpy() for name in names]


def test_every_sum_matches_sums_over_the_boxes_that_have_the_coordinate(counts, boxes):
    x0, y0, x1, y1, width, height = sides(boxes)
    w, h = (x1 - x0) / width, (y1 - y0) / height
    room_x, room_y = width - (x1 - x0), height - (y1 - y0)
    n_u, n_v = np.where(room_x > CONTACT, 1, np.nan), np.where(room_y > CONTACT, 1, np.nan)
    u, v, both = n_u * x0 / np.maximum(room_x, 1e-9), n_v * y0 / np.maximum(room_y, 1e-9), n_u * n_v
    assert {(True, False), (False, True)} <= set(zip(np.isnan(u), np.isnan(v), strict=True))
    cx, cy = (x0 + x1) / 2 / width, (y0 + y1) / 2 / height
    each = [x0 < CONTACT, y0 < CONTACT, x1 > width - CONTACT, y1 > height - CONTACT]
    one = np.ones(len(boxes))
    expected = {
        "moments": [n_u, u, u**2, n_v, v, v**2, both, u * both, v * both, u**2 * both, v**2 * both, u * v],
        "raw_moments": [one, cx, cy, cx**2, cy**2, cx * cy],
        "frame": [one, np.any(each, 0), *each, np.isnan(u), np.isnan(v), 1 - w, 1 - h],
    }
    label, group = boxes["label"].cast(pl.String).to_numpy(), groups(image_keys(boxes["image_id"]), GROUPS, 0)
    for table, names in (("moments", MOMENTS), ("raw_moments", RAW_MOMENTS), ("frame", FRAME)):
        for name, column in zip(names, expected[table], strict=True):
            found = counts.moment(name, table)
            for place, wanted in rows(counts):
                for number in range(GROUPS):
                    among = (group == number) & ((label == wanted) | (wanted == "all"))
                    assert found[place, number] == pytest.approx(np.nansum(column[among]), abs=1e-5), (name, wanted)


@pytest.mark.parametrize("grid", ["continuous", "integer"])
def test_interior_cells_are_those_of_coordinates_with_the_margin_left_out(grid):
    boxes = scene(2, 60, per_image=2, integer=grid == "integer", seed=7)
    corners = sides(boxes)
    key, none = image_keys(boxes["image_id"]), np.zeros(len(boxes), np.int64)
    uniform = row_uniforms(Rows(key, none, *corners, none == 0), 0)
    u, v = feasible_coordinates(*corners, grid=grid, uniform=uniform, margin=CONTACT)
    free = ~np.any(edge_contact(*corners), 0) & np.isfinite(u) & np.isfinite(v)
    expected = np.zeros(BINS**2, int)
    for across, down in zip(u[free], v[free], strict=True):
        expected[cell(down, BINS) * BINS + cell(across, BINS)] += 1
    counts = count_boxes(boxes, per_image="all", grid=grid)
    assert 0 < expected.sum() < len(boxes)
    assert counts.interior[-1].tolist() == expected.tolist()


def test_pooled_tables_of_the_horizontal_axis_match_numpy(counts, boxes):
    x0, y0, x1, y1, width, height = sides(boxes)
    cx = (x0 + x1) / 2 / width + [right for right, _ in aside(boxes["image_id"])]
    expected, _, _ = np.histogram2d((y1 - y0) / height, cx, bins=16, range=[[0, 1], [0, 1]])
    np.testing.assert_array_equal(counts.cx_height, expected)
    fine = np.bincount(np.minimum((cx * 256).astype(int), 255), minlength=256)
    np.testing.assert_array_equal(counts.pooled_fine.sum(0)[2], fine)


def test_scale_has_one_bin_below_its_range():
    tiny = frame(["a"], ["c"], [10.0], [10.0], [10.5], [10.5], [640], [640])
    assert count_boxes(tiny).scale[0].sum(0).tolist() == [1] + [0] * (SCALES - 1)


@pytest.mark.parametrize("per_image", ["one", "all"])
@pytest.mark.parametrize("grid", ["integer", "continuous"])
def test_boxes_as_large_as_their_frame_are_in_the_middle(per_image, grid):
    """Their centres lie between the middle cells: a quarter of them belongs to each, and half to either side."""
    full = frame([f"f{i}" for i in range(4000)], ["c"] * 4000, [0] * 4000, [0] * 4000, *[[100] * 4000] * 4)
    counts = count_boxes(full, per_image=per_image, grid=grid)
    middle = counts.raw[0].sum(0).reshape(8, 8)[3:5, 3:5]
    assert middle.sum() == 4000
    assert np.abs(middle - 1000).max() < 4 * np.sqrt(4000 * 3 / 16)
    assert np.abs(counts.cy_height[-1, 7:9] - 2000).max() < 4 * np.sqrt(1000)
