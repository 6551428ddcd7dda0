"""Tables in which one column holds the whole box."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from biasscope.boxes import inspect, read_boxes
from biasscope.core.errors import InputError, UsageError
from tests.unit.boxes.box_samples import BOXES, SIZES, expected, rows

XYWH = [[x0, y0, x1 - x0, y1 - y0] for _, _, (x0, y0, x1, y1) in BOXES]
CORNERS = [list(corners) for _, _, corners in BOXES]


@pytest.mark.parametrize(
    "word", ['"[[1, 2, 3, 4], [5, 6, 7, 8]]"', '"[np.float64(1.0), np.float64(2.0), 3, 4]"', "cat"]
)
def test_texts_that_are_no_four_numbers_are_an_error_where_none_is(tmp_path: Path, word: str) -> None:
    (tmp_path / "x.csv").write_text(f"image,label,bbox\na,cat,{word}\nb,cat,\n")
    with pytest.raises(InputError, match="'bbox' holds no four numbers a row, but"):
        read_boxes(tmp_path / "x.csv")
    (tmp_path / "x.csv").write_text(f'image,label,bbox\na,cat,{word}\nb,cat,"[1, 2, 3, 4]"\n')
    assert read_boxes(tmp_path / "x.csv").boxes.collect()["x1"].to_list() == [None, 4]


@pytest.mark.parametrize("word", ["[]", "[ ]", "None", "nan"])
def test_what_stands_for_no_box_may_come_first(tmp_path: Path, word: str) -> None:
    lines = [f"{place},cat,{word}" for place in range(1100)] + ['z,cat,"[1, 2, 3, 4]"']
    (tmp_path / "x.csv").write_text("\n".join(["image,label,bbox", *lines]))
    assert read_boxes(tmp_path / "x.csv").boxes.collect()["x1"].drop_nulls().to_list() == [4]


def frame(boxes: pl.Series) -> pl.DataFrame:
    images = [image for image, _, _ in BOXES]
    sizes = {"width": [SIZES[image][0] for image in images], "height": [SIZES[image][1] for image in images]}
    labels = [label for _, label, _ in BOXES]
    full = pl.DataFrame({"image": images, "class": labels, **sizes, "bbox": boxes})
    empty = pl.DataFrame({"image": ["c"], "width": [64], "height": [64]})
    return pl.concat([full, empty], how="diagonal")


def struct(names: str, boxes: list[list[float]]) -> pl.Series:
    return pl.Series([dict(zip(names.split(), box, strict=True)) for box in boxes])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("boxes", "asked", "found"),
    [
        (pl.Series(XYWH), "auto", "xywh"),
        (pl.Series(XYWH, dtype=pl.Array(pl.Float32, 4)), "xywh", "xywh"),
        (pl.Series(CORNERS), "edges", "edges"),
        (struct("x y w h", XYWH), "auto", "xywh"),
        (struct("Xmin Ymin Xmax Ymax", CORNERS), "auto", "edges"),
        (pl.Series([json.dumps(box) for box in XYWH]), "auto", "xywh"),
        (pl.Series([" ".join(map(str, box)) for box in CORNERS]), "edges", "edges"),
    ],
)
def test_kinds_of_columns(tmp_path: Path, boxes: pl.Series, asked: str, found: str, stream: bool) -> None:
    frame(boxes).write_parquet(tmp_path / "x.parquet")
    table = read_boxes(tmp_path / "x.parquet", box_convention=asked, stream=stream)
    assert table.format == "table"
    assert rows(pl.concat(list(table.batches()))) == expected()
    assert table.convention == found
    assert inspect(table).scalar("images_without_objects").value == 1


@pytest.mark.parametrize("shape", ["[{}, {}, {}, {}]", "({},{},{},{})", "{} {} {} {}", "  [ {};{} ; {} ;{} ] "])
def test_text_in_csv(tmp_path: Path, shape: str) -> None:
    frame(pl.Series([shape.format(*box) for box in XYWH])).write_csv(tmp_path / "x.csv")
    assert rows(read_boxes(tmp_path / "x.csv").boxes.collect()) == expected()


def test_fractions_and_pixels_of_a_list(tmp_path: Path) -> None:
    shares = [[x0 / w, y0 / h, x1 / w, y1 / h] for i, _, (x0, y0, x1, y1) in BOXES for w, h in [SIZES[i]]]
    frame(pl.Series(shares)).rename({"bbox": "mine"}).write_parquet(tmp_path / "x.parquet")
    table = read_boxes(tmp_path / "x.parquet", box_convention="fraction", columns={"bbox": "mine"})
    assert rows(table.boxes.collect()) == expected()
    inclusive = [[x0 + 1, y0 + 1, x1, y1] for x0, y0, x1, y1 in CORNERS]
    frame(pl.Series(inclusive)).write_parquet(tmp_path / "x.parquet")
    assert rows(read_boxes(tmp_path / "x.parquet", box_convention="inclusive1").boxes.collect()) == expected()


@pytest.mark.parametrize("text", ["[1, 2, 3]", "[1, 2, 3, 4, 5]", "[1, 2, 3, x]", "{}", "[nan, 1, 2, 3]"])
def test_what_is_no_box_is_listed(tmp_path: Path, text: str) -> None:
    frame(pl.Series([json.dumps(XYWH[0]), text, json.dumps(XYWH[2])])).write_csv(tmp_path / "x.csv")
    result = inspect(read_boxes(tmp_path / "x.csv"))
    assert result.scalar("boxes").value == 3
    assert result.table("rows")["code"] == ["not_finite"]
    assert result.table("rows")["where"] == ["x.csv:2"]


def test_lists_of_another_length_are_listed(tmp_path: Path) -> None:
    frame(pl.Series([[1.0, 2, 3], [1.0, 1, 3, 3], []])).write_parquet(tmp_path / "x.parquet")
    assert inspect(read_boxes(tmp_path / "x.parquet")).table("rows")["where"] == ["x.parquet:1", "x.parquet:3"]


@pytest.mark.parametrize(
    "boxes", [pl.Series([[XYWH[0]]] * 3), pl.Series([1, 2, 3]), struct("a b c d", XYWH), pl.Series([["a"] * 4] * 3)]
)
def test_columns_that_hold_no_boxes(tmp_path: Path, boxes: pl.Series) -> None:
    frame(boxes).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(InputError, match="'bbox' holds no boxes"):
        read_boxes(tmp_path / "x.parquet", format="table")


def test_four_columns_come_before_one(tmp_path: Path) -> None:
    made = frame(pl.Series([[0.0] * 4] * 3))
    corners = {name: [box[place] for box in CORNERS] + [None] for place, name in enumerate(("x0", "y0", "x1", "y1"))}
    made.with_columns(**{name: pl.Series(values) for name, values in corners.items()}).write_parquet(
        tmp_path / "x.parquet"
    )
    assert rows(read_boxes(tmp_path / "x.parquet").boxes.collect()) == expected()
    with pytest.raises(UsageError, match="no target column 'boxes'"):
        read_boxes(tmp_path / "x.parquet", columns={"boxes": "bbox"})
