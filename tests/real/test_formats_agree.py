"""The same 100 images in seven formats: the same boxes, the same statistics."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import biasscope
from biasscope.core.results import Result

FORMATS = (
    "pascalvoc_format",
    "imagenet_format",
    "coco_format_v1",
    "coco_format_v2",
    "cvat_format",
    "yolo_format",
    "openimages_format",
)
FOLDER = "voc2012_100"
CORNERS = ["x0", "y0", "x1", "y1"]


def _options(folder: Path, name: str) -> dict[str, str]:
    """VOC's numbers count from 1 and include the last pixel; YOLO and Open Images need image sizes."""
    sizes = {"sizes": str(folder / "coco_format_v1" / "instances_default.json")} if name[0] in "yo" else {}
    return {"box_convention": "inclusive1", **sizes}


def _boxes(folder: Path, name: str) -> pl.DataFrame:
    frame = biasscope.read_boxes(folder / name, **_options(folder, name)).boxes.collect()
    return frame.with_columns(pl.col("label").cast(pl.String)).sort("image_id", "label", *CORNERS)


@pytest.mark.parametrize("name", FORMATS[1:])
def test_the_boxes_are_the_same(box_formats: Path, name: str) -> None:
    first, other = (_boxes(box_formats / FOLDER, one) for one in (FORMATS[0], name))
    assert first.height == 273
    assert other.select("image_id", "label", "image_width", "image_height").equals(
        first.select("image_id", "label", "image_width", "image_height")
    )
    assert np.abs(first.select(CORNERS).to_numpy() - other.select(CORNERS).to_numpy()).max() < 1e-3


@pytest.mark.parametrize("name", FORMATS[1:])
def test_the_statistics_are_the_same(box_formats: Path, name: str) -> None:
    assert _statistics(box_formats / FOLDER, name) == _statistics(box_formats / FOLDER, FORMATS[0])


def _statistics(folder: Path, name: str) -> list[Result]:
    report = biasscope.analyze_dataset(paths=[str(folder / name)], leakage=False, **_options(folder, name))
    return [report.result("position"), report.result("scale")]
