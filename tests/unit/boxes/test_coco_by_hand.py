"""The COCO reader, whatever ids, sizes, blocks and frames, against a loop over the parsed JSON."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from biasscope.boxes import read_boxes
from biasscope.boxes.readers.coco import annotations as coco_annotations
from biasscope.boxes.schema import CORNERS

IDS = st.one_of(st.integers(-1, 4), st.sampled_from(["0", "1", "a}, {b", "é"]), st.integers(2**40, 2**40 + 1))
SIDES = st.one_of(st.none(), st.sampled_from([0, 1, 640, 640.0, 640.5, -3, 2**31 - 1, 2**31, 1e300]))
NUMBERS = st.one_of(st.integers(-5, 900), st.floats(-1e3, 1e3, allow_nan=False))
IMAGES = st.lists(st.fixed_dictionaries({"id": IDS, "width": SIDES, "height": SIDES}), max_size=6)
ANNOTATIONS = st.lists(
    st.fixed_dictionaries(
        {"image_id": IDS, "bbox": st.one_of(st.lists(NUMBERS, min_size=3, max_size=4), st.none())},
        optional={
            "category_id": st.one_of(st.none(), IDS),
            "iscrowd": st.sampled_from([0, 1, 2, -1, 10**30, True, False, None]),
            "segmentation": st.sampled_from([[[1, 2, 3]], {"counts": "}, {", "size": [1, 2]}, [{"a": {}}, {}]]),
        },
    ),
    max_size=12,
)
CATEGORIES = st.lists(st.fixed_dictionaries({"id": IDS, "name": st.sampled_from(["cat", " dog", ""])}), max_size=4)


def by_hand(data: dict[str, Any]) -> tuple[list[tuple[Any, ...]], list[int]]:
    """Rows of boxes, and numbers of the annotations that are none."""
    sizes: dict[Any, tuple[int | None, int | None]] = {}
    for image in data["images"]:
        sizes.setdefault(image["id"], (side(image["width"]), side(image["height"])))
    names: dict[Any, str | None] = {None: None}
    for category in data["categories"]:
        names.setdefault(category["id"], category["name"].strip() or None)
    found, bad = list[tuple[Any, ...]](), list[int]()
    for row, item in enumerate(data["annotations"], 1):
        box, label = item["bbox"], item.get("category_id")
        if box is None or len(box) != 4 or item["image_id"] not in sizes or label not in names:
            bad.append(row)
            continue
        x, y, w, h = map(float, box)
        found.append((names[label], x, y, x + w, y + h, *sizes[item["image_id"]], bool(item.get("iscrowd", 0)), row))
    return found, bad


def side(value: float | None) -> int | None:
    return int(value) if value is not None and 1 <= value < 2**31 and value == int(value) else None


@settings(max_examples=60)
@given(IMAGES, ANNOTATIONS, CATEGORIES, st.sampled_from([60, 300, 1 << 19]), st.sampled_from([1, 3, 1 << 16]))
def test_every_file_is_read_as_by_a_loop(
    images: list[Any], annotations: list[Any], categories: list[Any], block: int, at_once: int
) -> None:
    data = {"images": images, "annotations": annotations, "categories": categories}
    expected, bad = by_hand(data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "boxes.json"
        path.write_text(json.dumps(data))
        for stream in (False, True):
            with patch.multiple(coco_annotations, BLOCK=block, AT_ONCE=at_once):
                table = read_boxes(path, format="coco", stream=stream)
                frame = table.boxes.collect()
            shown = frame.select(pl.col("label").cast(pl.String), *CORNERS, *SIZES, "crowd", "row")
            assert shown.rows() == expected
            assert [row.where for row in table.log.rows if "id listed twice" not in row.reason] == [
                f"boxes.json:{row}" for row in bad
            ]


SIZES = ("image_width", "image_height")
