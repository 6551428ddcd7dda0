"""Position and scale on ImageNet's validation boxes, and on those of Tiny-ImageNet, which were cut at the border."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from biasscope.bias import BoxCounts, count_boxes
from biasscope.bias.position import position
from biasscope.bias.scale import scale


def read(path: Path, label: str) -> pl.DataFrame:
    """Boxes of a Parquet file whose corners are indices of the first and last pixel."""
    frame = pl.read_parquet(path)
    split = pl.col("split").cast(pl.String) if "split" in frame.columns else pl.lit(None, pl.String)
    return frame.select(
        "image_id",
        split.cast(pl.Categorical()).alias("split"),
        pl.col(label).cast(pl.String).cast(pl.Categorical()).alias("label"),
        *(pl.col(name).cast(pl.Float64) for name in ("x0", "y0")),
        *(pl.col(name).cast(pl.Float64) + 1 for name in ("x1", "y1")),
        pl.col("width").cast(pl.Int32).alias("image_width"),
        pl.col("height").cast(pl.Int32).alias("image_height"),
    )


@pytest.fixture(scope="module")
def boxes(real_data: Path) -> pl.DataFrame:
    return read(real_data / "imagenet_val_boxes.parquet", "class_id")


@pytest.fixture(scope="module")
def counts(boxes: pl.DataFrame) -> BoxCounts:
    return count_boxes(boxes)


def test_every_box_and_image_is_counted(counts):
    assert (counts.boxes[-1], counts.images[-1], len(counts.labels)) == (80_477, 50_000, 1000)
    assert counts.skipped == 0
    assert counts.settings.grid == "integer"
    assert counts.images[:-1].tolist() == [50] * 1000


def test_raw_centres_reject_nearly_everywhere_and_feasible_ones_in_about_half(counts):
    """The published 'more than 900 of 1000 classes' is there, and mostly geometry."""
    result = position(counts)
    assert result.scalar("tested").value == 1000
    assert result.scalar("nonuniform_raw").value == pytest.approx(998, abs=2)
    assert result.scalar("nonuniform_feasible").value == pytest.approx(481, abs=15)
    assert result.scalar("nonuniform_interior").value == pytest.approx(289, abs=20)
    assert "of 1,000 classes" in result.finding


def test_pooled_bias_is_downwards_and_much_smaller_than_raw(counts):
    result = position(counts)
    down, across = result.scalar("pooled_displacement_v"), result.scalar("pooled_displacement_u")
    assert 0.06 < down.interval.low < down.interval.high < 0.085
    assert across.interval.low < 0 < across.interval.high
    assert result.scalar("pooled_effect_raw").interval.low > 3 * result.scalar("pooled_effect").interval.high
    assert result.scalar("design_effect").value > 1.1


def test_mean_raw_centre_is_the_documented_one(boxes):
    every = count_boxes(boxes, per_image="all")
    n = every.moment("n", "raw_moments")[-1].sum()
    centre = [every.moment(axis, "raw_moments")[-1].sum() / n for axis in ("cx", "cy")]
    assert centre == pytest.approx([0.5017, 0.5148], abs=1e-4)
    assert every.moment("no_slack_x", "frame")[-1].sum() >= 414


def test_scale_against_both_references(counts):
    others, log_uniform = scale(counts), scale(counts, reference="log-uniform")
    assert others.scalar("classes_different").value == pytest.approx(582, abs=20)
    assert log_uniform.scalar("classes_different").value > 990
    assert 0.6 < others.scalar("median_scale").value < 0.64


def test_quantiles_of_scale_are_those_of_the_boxes(boxes):
    """Some classes fill their frames, n04081281 among them: a median of .994 that wide bins miss by a tenth."""
    table = scale(count_boxes(boxes, per_image="all"), monte_carlo=99).table("classes")
    width, height = pl.col("x1") - pl.col("x0"), pl.col("y1") - pl.col("y0")
    side = (width / pl.col("image_width") * (height / pl.col("image_height"))).sqrt()
    shares = {"q10": 0.1, "median_scale": 0.5, "q90": 0.9}
    exact = boxes.group_by(pl.col("label").cast(pl.String)).agg(
        side.quantile(share, "linear").alias(name) for name, share in shares.items()
    )
    held = pl.DataFrame({"label": table["label"], **{f"{name}_found": table[name] for name in shares}})
    both = held.join(exact, on="label")
    assert both.height == 1000
    for name in shares:
        assert both.select((pl.col(name) - pl.col(f"{name}_found")).abs().max()).item() < 0.004


def test_shards_of_the_file_add_up(boxes, counts):
    shard = pl.Series(np.arange(len(boxes)) // 20_000)
    images = boxes.select(pl.col("image_id"), shard.alias("shard")).unique("image_id", keep="first")
    parts = boxes.join(images, on="image_id").partition_by("shard")
    merged = count_boxes(parts[0], grid="integer")
    for part in parts[1:]:
        merged += count_boxes(part.drop("shard"), grid="integer")
    np.testing.assert_array_equal(merged.feasible, counts.feasible)
    np.testing.assert_array_equal(merged.moments, counts.moments)


def test_boxes_cut_at_the_border_touch_it(real_data):
    """Tiny-ImageNet's boxes were cut to a square: nearly half touch the frame, and many fill it."""
    result = position(count_boxes(read(real_data / "tiny_imagenet_boxes.parquet", "class_id")), monte_carlo=999)
    assert result.scalar("edge_contact").value > 0.45
    assert sum(result.table("classes")["no_slack_x"]) >= 6278
