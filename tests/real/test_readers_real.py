"""Readers on files as people wrote them: against each other, and against the tables made from the same sources."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from biasscope.boxes import inspect, read_boxes
from biasscope.boxes.schema import CORNERS

VOC100 = "voc2012_100"
SIZES = f"{VOC100}/coco_format_v1/instances_default.json"
FORMATS = {
    "pascalvoc_format": ("voc", False),
    "imagenet_format": ("voc", False),
    "coco_format_v1": ("coco", False),
    "coco_format_v2": ("coco", False),
    "cvat_format": ("cvat", False),
    "yolo_format": ("yolo", True),
    "openimages_format": ("openimages", True),
}
EDGES = [name for name, (reader, _) in FORMATS.items() if reader != "voc"]


def boxes(box_formats: Path, name: str, convention: str = "auto") -> pl.DataFrame:
    """Boxes in an order that all formats share."""
    reader, needs_sizes = FORMATS[name]
    sizes = box_formats / SIZES if needs_sizes else None
    table = read_boxes(box_formats / VOC100 / name, sizes=sizes, box_convention=convention)
    assert table.format == reader
    assert not table.log.counts
    frame = table.boxes.collect().with_columns(pl.col("label").cast(pl.String))
    return frame.sort("image_id", "label", *(pl.col(key).round(1) for key in CORNERS))


def same(one: pl.DataFrame, other: pl.DataFrame) -> float:
    """Largest distance of corners in pixels; everything else has to be equal."""
    columns = ("image_id", "label", "image_width", "image_height")
    assert one.select(columns).equals(other.select(columns))
    return max(float((one[key] - other[key]).abs().max() or 0) for key in CORNERS)


@pytest.mark.parametrize("name", list(FORMATS))
def test_seven_formats_give_the_same_boxes_when_the_convention_is_named(box_formats: Path, name: str) -> None:
    frame = boxes(box_formats, name, "inclusive1")
    assert frame.height == 273
    assert frame["label"].n_unique() == 20
    assert same(frame, boxes(box_formats, "pascalvoc_format")) < 1e-3


@pytest.mark.parametrize("name", EDGES)
def test_edge_formats_agree_by_default_and_differ_from_voc_by_its_first_pixel(box_formats: Path, name: str) -> None:
    frame = boxes(box_formats, name)
    assert same(frame, boxes(box_formats, "cvat_format")) < 1e-3
    voc = boxes(box_formats, "pascalvoc_format").with_columns(pl.col("x0", "y0") + 1)
    assert same(frame, voc) < 1e-3


@pytest.mark.parametrize("name", EDGES)
def test_the_inspector_suspects_one_based_numbers(box_formats: Path, name: str) -> None:
    _, needs_sizes = FORMATS[name]
    sizes = box_formats / SIZES if needs_sizes else None
    result = inspect(read_boxes(box_formats / VOC100 / name, sizes=sizes))
    assert any("--box-convention inclusive1" in note for note in result.notes)
    named = inspect(read_boxes(box_formats / VOC100 / name, sizes=sizes, box_convention="inclusive1"))
    assert len(named.notes) == 1
    assert named.scalar("excluded").value == 0


def test_imagenet_from_xml_archive_and_table(real_data: Path) -> None:
    xml = read_boxes(real_data / "imagenet10_annotations.tar.xz")
    table = read_boxes(real_data / "imagenet10_train_boxes.parquet", box_convention="inclusive0")
    columns = ("image_id", "split", "label", *CORNERS, "image_width", "image_height", "truncated", "difficult")
    one, other = (
        part.boxes.select(columns)
        .with_columns(pl.col("split", "label").cast(pl.String))
        .sort(columns[0], *CORNERS)
        .collect()
        for part in (xml, table)
    )
    assert one.equals(other)
    assert one.height == 6237
    assert xml.images.collect().height == 5525


def test_imagenet_validation_from_kaggle_and_table(box_formats: Path, real_data: Path) -> None:
    source = real_data / "imagenet_val_boxes.parquet"
    table = read_boxes(source, box_convention="inclusive0")
    kaggle = read_boxes(box_formats / "imagenet_kaggle", sizes=source)
    columns = ("image_id", "label", *CORNERS, "image_width", "image_height")
    one, other = (
        part.boxes.select(columns).with_columns(pl.col("label").cast(pl.String)).sort(columns).collect()
        for part in (table, kaggle)
    )
    assert one.equals(other)
    result = inspect(table)
    problems = dict(zip(result.table("problems")["code"], result.table("problems")["count"], strict=True))
    assert {code: count for code, count in problems.items() if count} == {"duplicate": 4}
    assert (result.scalar("images").value, result.scalar("classes").value) == (50_000, 1000)
    assert any("inclusive0" in note for note in inspect(read_boxes(source)).notes)


def test_tiny_imagenet_read_as_edges_shows_its_one_pixel_boxes(real_data: Path) -> None:
    path = real_data / "tiny_imagenet_boxes.parquet"
    result = inspect(read_boxes(path))
    problems = dict(zip(result.table("problems")["code"], result.table("problems")["count"], strict=True))
    assert problems["degenerate"] == 475
    right = inspect(read_boxes(path, box_convention="inclusive0"))
    assert right.scalar("excluded").value == 0
    assert right.scalar("images").value == 110_000


def test_coco_with_crowds_gaps_and_splits(box_formats: Path) -> None:
    table = read_boxes(box_formats / "coco_tiny")
    frame = table.boxes.collect()
    counts = frame.group_by(pl.col("split").cast(pl.String)).agg(pl.len(), pl.col("crowd").sum()).sort("split")
    assert counts.rows() == [("train", 705, 6), ("val", 815, 11)]
    assert frame["label"].n_unique() == 80
    assert frame.filter(pl.col("label") == "toothbrush").height > 0


def test_yolo_rows_with_sizes_from_coco_json(box_formats: Path) -> None:
    labels = box_formats / "coco128_yolo" / "labels" / "train2017"
    annotations = box_formats / "coco128_yolo" / "instances_train2017_128.json"
    yolo = read_boxes(labels, sizes=annotations)
    coco = read_boxes(annotations).boxes.collect()
    frame = yolo.boxes.collect()
    assert (frame.height, coco.height) == (941, 939)
    per_image = coco.group_by("image_id").agg(pl.col("x1").sum().alias("theirs"), pl.len().alias("n"))
    both = frame.group_by("image_id").agg(pl.col("x1").sum(), pl.len()).join(per_image, on="image_id")
    same_count = both.filter(pl.col("len") == pl.col("n"))
    assert same_count.height > 100
    assert (same_count["x1"] - same_count["theirs"]).abs().median() < 0.1


def test_plain_csv(box_formats: Path) -> None:
    table = read_boxes(box_formats / "csv_tennis_ball")
    frame = table.boxes.collect()
    assert frame["label"].cast(pl.String).unique().to_list() == ["ball"]
    assert sorted(frame["split"].cast(pl.String).unique()) == ["test", "train", "val"]
    assert inspect(table).scalar("excluded").value == frame.height
