"""Repair, leakage and comparison on real boxes: what they say of ImageNet, ImageNetV2, CUB and Tiny-ImageNet.

Figures are those first found here, with room for the seed; they guard against a change of meaning, not of a digit.
"""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from biasscope.bias.compare import compare, splits
from biasscope.bias.leakage import leakage
from biasscope.bias.repair import padded_crop, repair
from biasscope.core.results import Result


def boxes(folder: Path, name: str) -> pl.DataFrame:
    """Boxes as pixel edges; the sources give the first and the last pixel."""
    frame = pl.read_parquet(folder / f"{name}.parquet")
    label = "class_id" if "class_id" in frame.columns else "synset"
    split = pl.col("split").cast(pl.String) if "split" in frame.columns else pl.lit(None, pl.String)
    return frame.select(
        "image_id",
        split.alias("split"),
        pl.col(label).cast(pl.String).alias("label"),
        *(pl.col(name).cast(pl.Float64) for name in ("x0", "y0")),
        *((pl.col(name) + 1).cast(pl.Float64).alias(name) for name in ("x1", "y1")),
        pl.col("width").alias("image_width"),
        pl.col("height").alias("image_height"),
    )


def value(result: Result, name: str) -> float:
    found = result.scalar(name).value
    assert found is not None
    return found


def low_high(result: Result, name: str) -> tuple[float, float]:
    found = result.scalar(name).interval
    assert found is not None
    return found.low, found.high


@pytest.mark.parametrize(
    ("name", "before", "after", "cut", "lost", "ratio"),
    [
        ("imagenet_val_boxes", 0.054, 0.034, 0.83, 0.13, 1.18),
        ("imagenetv2_boxes", 0.063, 0.032, 0.80, 0.18, 1.18),
        ("tiny_imagenet_boxes", 0.085, 0.051, 0.90, 0.04, 1.26),
        ("cub200_boxes", 0.130, 0.077, 0.82, 0.02, 1.18),
    ],
)
def test_the_imagenet_crop_weakens_the_placement_bias_and_leaves_some(
    real_data: Path, name: str, before: float, after: float, cut: float, lost: float, ratio: float
) -> None:
    result = repair(boxes(real_data, name))
    assert "weakens the placement bias but does not remove it" in result.finding
    assert value(result, "effect_before") == pytest.approx(before, abs=0.006)
    assert value(result, "effect_after") == pytest.approx(after, abs=0.006)
    assert low_high(result, "effect_change")[1] < 0 < low_high(result, "effect_after")[0]
    assert value(result, "cut") == pytest.approx(cut, abs=0.02)
    assert value(result, "lost") == pytest.approx(lost, abs=0.02)
    assert value(result, "apparent_scale_ratio") == pytest.approx(ratio, abs=0.02)
    assert value(result, "edge_contact_after") > 2.5 * value(result, "edge_contact_before") or "tiny" in name


def test_torchvision_itself_says_the_same_of_the_imagenet_crop(real_data: Path) -> None:
    pytest.importorskip("torchvision")
    frame = boxes(real_data, "imagenet_val_boxes")
    from biasscope.bias.repair.torchvision_pipeline import pipeline

    ours, theirs = repair(frame), repair(frame, augmentation=pipeline("RandomResizedCrop(224)"))
    for name in ("effect_after", "visible_fraction", "lost", "cut", "apparent_scale_ratio", "edge_contact_after"):
        low, high = low_high(theirs, name)
        spread = high - low
        assert low - spread / 2 <= value(ours, name) <= high + spread / 2, name


def test_a_small_padded_crop_hardly_moves_anything(real_data: Path) -> None:
    """64 pixels padded by 4, as for CIFAR: at most 6 % of the frame, so objects stay whole and mostly central."""
    result = repair(boxes(real_data, "tiny_imagenet_boxes"), augmentation=padded_crop(64, 4))
    assert low_high(result, "effect_after")[0] > 0.03
    assert value(result, "effect_raw_after") > 0.7 * value(result, "effect_raw_before")
    assert value(result, "visible_fraction") > 0.95
    assert value(result, "lost") < 0.005


def test_validation_and_v2_differ_in_scale_and_little_in_position(real_data: Path) -> None:
    result = compare(boxes(real_data, "imagenet_val_boxes"), boxes(real_data, "imagenetv2_boxes"), classifier=True)
    assert value(result, "tested") > 950
    assert value(result, "classes_different") <= 3
    assert 3 <= value(result, "classes_different_scale") <= 30
    assert value(result, "pooled_p") == value(result, "pooled_p_scale") == 0.001
    assert value(result, "pooled_distance_scale") > 4 * value(result, "pooled_distance")
    assert low_high(result, "classifier_accuracy")[0] > 0.5
    assert result.table("classes").height == 1000


def test_ten_imagenet_classes_keep_their_position_from_train_to_validation(real_data: Path) -> None:
    (result,) = splits(boxes(real_data, "imagenet10_train_boxes"))
    assert (result.parameters["a"], result.parameters["b"], result.kind) == ("train", "val", "splits")
    assert value(result, "tested") == 10
    assert value(result, "classes_different") == 0
    assert value(result, "pooled_p") > 0.05


def test_tiny_imagenet_was_split_at_random(real_data: Path) -> None:
    (result,) = splits(boxes(real_data, "tiny_imagenet_boxes"))
    assert value(result, "tested") >= 195
    assert value(result, "classes_different") + value(result, "classes_different_scale") <= 2
    assert value(result, "pooled_p") > 0.01
    assert value(result, "pooled_p_scale") > 0.01
    p = np.array([cell for cell in result.table("classes")["p"] if cell is not None], float)
    assert 0.01 < (p <= 0.05).mean() < 0.12


def test_birds_split_at_random_and_birds_photographed_anew(real_data: Path) -> None:
    made = {str(item.parameters["b"]): item for item in splits(boxes(real_data, "cub200_boxes"))}
    assert value(made["test"], "classes_different_scale") <= 2
    assert value(made["test"], "pooled_p") > 0.01
    assert value(made["cubv2"], "pooled_p_scale") == 0.001
    assert value(made["cubv2"], "classes_different_scale") >= 3


@pytest.mark.parametrize(
    ("name", "accuracy", "chance", "bits"),
    [
        ("imagenet10_train_boxes", 0.266, 0.149, 0.42),
        ("imagenet_val_boxes", 0.013, 0.0033, 0.48),
        ("tiny_imagenet_boxes", 0.051, 0.005, 0.78),
        ("cub200_boxes", 0.017, 0.005, 0.13),
    ],
)
def test_geometry_alone_tells_classes(real_data: Path, name: str, accuracy: float, chance: float, bits: float) -> None:
    result = leakage(boxes(real_data, name))
    assert value(result, "accuracy") == pytest.approx(accuracy, rel=0.15)
    assert value(result, "chance") == pytest.approx(chance, rel=0.05)
    assert value(result, "mutual_information") == pytest.approx(bits, rel=0.1)
    assert low_high(result, "accuracy_over_chance")[0] > 0
    features = result.table("features")["feature"]
    assert features[:2] == ["all", "size (width, height)"]
