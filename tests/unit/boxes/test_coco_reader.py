import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from biasscope.boxes import inspect, read_boxes
from biasscope.boxes.readers.coco import tables as coco_tables
from biasscope.core.errors import InputError
from tests.unit.boxes.box_samples import coco_dict, expected, rows


def write(path: Path, data: Any, **options: Any) -> Path:
    path.write_text(json.dumps(data, **options))
    return path


@pytest.mark.parametrize("order", [("annotations", "images", "categories"), ("categories", "annotations", "images")])
@pytest.mark.parametrize("tail", [(1 << 20,), ()], ids=["from the tail", "passed over"])
def test_tables_may_stand_behind_the_annotations(
    tmp_path: Path, order: tuple[str, ...], tail: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coco_tables, "TAIL", tail)
    data = coco_dict()
    path = write(tmp_path / "x.json", {key: data[key] for key in order} | {"info": {"images": [1], "annotations": {}}})
    for stream in (False, True):
        assert rows(read_boxes(path, stream=stream).boxes.collect()) == expected()


def test_a_key_inside_a_text_at_the_end_is_not_taken_for_the_table(tmp_path: Path) -> None:
    data = {key: coco_dict()[key] for key in ("annotations", "images", "categories")}
    data["info"] = {"note": 'she said "images": [] and "categories": []', "categories": []}
    assert rows(read_boxes(write(tmp_path / "x.json", data)).boxes.collect()) == expected()


def test_only_the_needed_keys(tmp_path: Path) -> None:
    data = {
        "images": [{"id": "one"}],
        "annotations": [
            {"image_id": "one", "bbox": [1, 2, 3, 4]},
            {"image_id": "one", "bbox": [1, 2, 3, 4], "iscrowd": 1},
        ],
    }
    table = read_boxes(write(tmp_path / "x.json", data))
    frame = table.boxes.collect()
    assert frame.select("image_id", "label", "x1", "image_width", "crowd").rows() == [
        ("one", None, 4.0, None, False),
        ("one", None, 4.0, None, True),
    ]
    result = inspect(table)
    counts = dict(zip(result.table("problems")["code"], result.table("problems")["count"], strict=True))
    assert (counts["unlabelled"], counts["crowd"], counts["unknown_size"]) == (2, 1, 2)


def test_rows_that_cannot_be_boxes_are_listed_with_their_number(tmp_path: Path) -> None:
    data = coco_dict()
    good = len(data["annotations"])
    data["annotations"] += [
        {"id": 9, "image_id": 999, "category_id": 3, "bbox": [1, 2, 3, 4]},
        {"id": 9, "image_id": 7, "category_id": 999, "bbox": [1, 2, 3, 4]},
        {"id": 9, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3]},
        {"id": 9, "image_id": 7, "category_id": 3, "bbox": None},
        {"id": 9, "category_id": 3, "bbox": [1, 2, 3, 4]},
    ]
    for stream in (False, True):
        table = read_boxes(write(tmp_path / "x.json", data), stream=stream)
        for _ in range(2):
            assert rows(table.boxes.collect()) == expected()
        assert table.log.counts == {
            "annotation of an unknown image": 1,
            "annotation of an unknown category": 1,
            "unreadable annotation": 3,
        }
        assert [row.where for row in table.log.rows] == [f"x.json:{good + number}" for number in range(1, 6)]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("order", [("images", "categories", "annotations"), ("annotations", "images", "categories")])
def test_whole_numbers_may_be_written_with_decimals(tmp_path: Path, stream: bool, order: tuple[str, ...]) -> None:
    data = coco_dict()
    for item in data["annotations"]:
        item |= {"image_id": float(item["image_id"]), "category_id": float(item["category_id"]), "iscrowd": 0.0}
    data["annotations"][0]["iscrowd"] = 1.0
    for number, item in enumerate(data["images"] + data["categories"]):
        item["id"] = item["id"] + 0.0 if number % 2 else item["id"]
    del data["images"][1]["file_name"]
    data["annotations"].append({"image_id": 7.5, "category_id": 3.0, "bbox": [1, 2, 3, 4]})
    table = read_boxes(write(tmp_path / "x.json", {key: data[key] for key in order}), stream=stream)
    frame = table.boxes.collect().select("image_id", pl.col("label").cast(pl.String), "x0", "image_width", "crowd")
    assert frame.rows() == [
        ("a", "cat", 10.0, 100, True),
        ("a", "dog", 0.0, 100, False),
        ("14", "cat", 5.0, 50, False),
    ]
    assert table.log.counts == {"annotation of an unknown image": 1}


def test_an_image_id_listed_twice(tmp_path: Path) -> None:
    data = coco_dict()
    data["images"].append({"id": 7, "file_name": "other.jpg", "width": 1, "height": 1})
    table = read_boxes(write(tmp_path / "x.json", data))
    assert rows(table.boxes.collect()) == expected()
    assert table.log.counts == {"image id listed twice": 1}


def test_a_category_without_a_name_is_called_by_its_id(tmp_path: Path) -> None:
    data = coco_dict()
    data["categories"][0]["name"] = None
    del data["categories"][1]["name"]
    labels = read_boxes(write(tmp_path / "x.json", data)).boxes.collect()["label"].cast(pl.String)
    assert set(labels) == {"3", "83"}


def test_a_category_id_listed_twice(tmp_path: Path) -> None:
    data = coco_dict()
    data["categories"] += [{"id": 3, "name": "lion"}, {"id": 83, "name": "dog"}]
    table = read_boxes(write(tmp_path / "x.json", data))
    assert rows(table.boxes.collect()) == expected()
    assert [(row.where, row.detail) for row in table.log.rows] == [
        ("x.json:categories:3", "category id 3 again, as lion")
    ]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "more",
    [
        '"annotations": []}',
        '"categories": []}{"images": []}',
        '"info": {"a": 1}',
        '"licenses": [{"a": 1}',
        '"info": x}',
    ],
)
def test_what_follows_the_annotations_is_looked_at_too(tmp_path: Path, more: str, stream: bool) -> None:
    made = coco_dict()
    for order in (("images", "categories", "annotations"), ("images", "annotations", "categories")):
        text = json.dumps({key: made[key] for key in order})
        (tmp_path / "x.json").write_text(f"{text[:-1]}, {more}")
        with pytest.raises(InputError, match=r"x\.json, byte \d+"):
            inspect(read_boxes(tmp_path / "x.json", stream=stream))
        (tmp_path / "x.json").write_text(f'{text[:-1]}, "info": {{"a": [1]}}, "tags": [1, "}}", {{}}]}}')
        assert rows(read_boxes(tmp_path / "x.json", stream=stream).boxes.collect()) == expected()


@pytest.mark.parametrize("key", ["images", "annotations"])
@pytest.mark.parametrize("value", [None, {}, 3])
def test_what_is_no_list_is_said_to_be_none(tmp_path: Path, key: str, value: object) -> None:
    (tmp_path / "x.json").write_text(json.dumps({**coco_dict(), key: value}))
    with pytest.raises(InputError, match="no list begins here") as raised:
        read_boxes(tmp_path / "x.json")
    assert "UTF-8" not in str(raised.value.hint)


@pytest.mark.parametrize("order", [("images", "annotations"), ("annotations", "images")])
def test_names_of_files_may_be_numbers(tmp_path: Path, order: tuple[str, ...]) -> None:
    made = coco_dict()
    made["images"] = [{**image, "file_name": place} for place, image in enumerate(made["images"])]
    (tmp_path / "x.json").write_text(json.dumps({**{key: made.pop(key) for key in order}, **made}))
    assert read_boxes(tmp_path / "x.json").images.collect()["image_id"].to_list() == ["0", "1", "2"]


def test_not_numbers_are_boxes_with_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    text = json.dumps(coco_dict())
    path.write_text(text.replace('"bbox": [10.0', '"bbox": [NaN').replace('"bbox": [5.0', '"bbox": [1e999'))
    result = inspect(read_boxes(path))
    problems = dict(zip(result.table("problems")["code"], result.table("problems")["count"], strict=True))
    assert problems["not_finite"] == 2
    assert result.scalar("boxes").value == 3
    assert result.scalar("excluded").value == 2


def test_cut_off_and_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    text = json.dumps(coco_dict())
    path.write_text(text[: text.index("segmentation") + 20])
    with pytest.raises(InputError, match="cut off"):
        read_boxes(path)
    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(InputError, match="UTF-16"):
        read_boxes(path, format="coco")
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert rows(read_boxes(path).boxes.collect()) == expected()
    path.write_text('{"images": [], "results": []}')
    assert read_boxes(path).boxes.collect().height == 0
    path.write_text('{"results": []}')
    with pytest.raises(InputError, match="neither images nor annotations"):
        read_boxes(path, format="coco")


def test_many_blocks_and_nested_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Annotations with objects inside, far more than a block holds."""
    data = coco_dict()
    one = data["annotations"][0]
    data["annotations"] = [
        {**one, "id": n, "segmentation": {"size": [1, 2], "counts": "}, {" * (n % 5)}, "parts": [{"a": 1}, {"b": {}}]}
        for n in range(500)
    ]
    path = write(tmp_path / "x.json", data)
    monkeypatch.setattr("biasscope.boxes.readers.coco.annotations.BLOCK", 300)
    frame = read_boxes(path, stream=True).boxes.collect()
    assert frame["row"].to_list() == list(range(1, 501))
    assert frame["x0"].unique().to_list() == [10.0]


def test_a_folder_of_official_files(tmp_path: Path) -> None:
    for name in (
        "instances_train2017.json",
        "instances_val2017.json",
        "person_keypoints_val2017.json",
        "captions_val2017.json",
    ):
        write(tmp_path / name, coco_dict())
    table = read_boxes(tmp_path)
    frame = table.boxes.collect()
    assert frame.group_by(pl.col("split").cast(pl.String)).len().sort("split").rows() == [("train", 3), ("val", 3)]
    assert "captions_val2017.json" in table.notes[0]
    assert not any("not coco" in note for note in table.notes)
    (tmp_path / "other.json").write_text("[]")
    assert "Not read, as they are not coco: other.json." in read_boxes(tmp_path).notes


def long_beginning(first: str) -> str:
    """COCO whose keys of images and annotations stand further inside than its first and last 64 KB."""
    data = coco_dict()
    if first == "info":
        data["info"]["description"] = "x" * 70_000
    else:
        data["categories"] += [{"id": 100 + n, "name": f"n{n}", "definition": "x" * 160} for n in range(400)]
    data["annotations"] *= 1000
    return json.dumps({key: data[key] for key in (first, "images", "annotations")} | data)


@pytest.mark.parametrize("first", ["info", "categories"])
@pytest.mark.parametrize("form", ["auto", "coco"])
def test_many_categories_or_a_long_description_may_come_first(tmp_path: Path, first: str, form: str) -> None:
    (tmp_path / "a.json").write_text(long_beginning(first))
    assert read_boxes(tmp_path / "a.json").boxes.collect().height == 3000
    write(tmp_path / "b.json", coco_dict())
    assert read_boxes(tmp_path, format=form).boxes.collect().height == 3003


@pytest.mark.parametrize(
    ("key", "element"),
    [
        ("annotations", {"image_id": 1, "caption": "a cat"}),
        ("annotations", {"image_id": 1, "segments_info": [{"bbox": [1, 2, 3, 4]}]}),
        ("results", {"image_id": 1, "bbox": [1, 2, 3, 4]}),
        ("others", {"file": "a.jpg"}),
    ],
)
def test_other_json_with_a_long_beginning_is_not_taken_for_coco(
    tmp_path: Path, key: str, element: dict[str, Any]
) -> None:
    write(tmp_path / "a.json", {"info": {"description": "x" * 70_000}, key: [element] * 3000})
    write(tmp_path / "b.json", coco_dict())
    table = read_boxes(tmp_path)
    assert rows(table.boxes.collect()) == expected()
    assert "Not read, as they are not coco: a.json." in table.notes


def test_coco_in_another_encoding_beside_other_files_is_refused_not_left_out(tmp_path: Path) -> None:
    write(tmp_path / "a.json", coco_dict())
    (tmp_path / "b.json").write_bytes(json.dumps(coco_dict()).encode("utf-16"))
    with pytest.raises(InputError, match=r"b.json.*UTF-16"):
        read_boxes(tmp_path)


@pytest.mark.parametrize("between", ["/", "\\"])
def test_same_stems_in_different_folders_stay_apart(tmp_path: Path, between: str) -> None:
    data = coco_dict()
    for image, name in zip(data["images"], ("train/1.jpg", "val/1.jpg", "val/2.jpg"), strict=True):
        image["file_name"] = name.replace("/", between)
    frame = read_boxes(write(tmp_path / "x.json", data)).boxes.collect()
    assert set(frame.select("image_id", pl.col("split").cast(pl.String)).rows()) == {
        ("train/1", "train"),
        ("val/1", "val"),
    }


def test_sizes_from_a_table_where_the_file_has_none(tmp_path: Path) -> None:
    data = coco_dict()
    for image in data["images"]:
        del image["width"], image["height"]
    bare, whole = write(tmp_path / "bare.json", data), write(tmp_path / "whole.json", coco_dict())
    frame = read_boxes(bare, sizes=whole).boxes.collect()
    assert frame["image_width"].to_list() == [100, 100, 50]


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (("x.jpg", "x.jpg", "y.jpg"), ["x (id 1)", "x (id 2)", "y"]),
        (("x.jpg", "x.png", "y.jpg"), ["x (id 1)", "x (id 2)", "y"]),
        (("a/x.jpg", "b/x.jpg", "b/x.jpg"), ["a/x", "b/x (id 2)", "b/x (id 3)"]),
    ],
)
def test_images_of_one_name_are_told_apart_by_their_ids(tmp_path: Path, names: tuple[str, ...], ids: list[str]) -> None:
    images = [{"id": key, "file_name": name, "width": 9, "height": 9} for key, name in enumerate(names, 1)]
    boxes = [{"image_id": key, "category_id": 1, "bbox": [1, 1, 2, 2]} for key in (1, 2, 3)]
    made = {"images": images, "annotations": boxes, "categories": [{"id": 1, "name": "cat"}]}
    (tmp_path / "x.json").write_text(json.dumps(made))
    found = read_boxes(tmp_path / "x.json")
    assert found.boxes.collect()["image_id"].to_list() == ids
    assert inspect(found).scalar("excluded").value == 0


def test_an_id_that_is_listed_as_another_kind_is_shown_as_what_it_is(tmp_path: Path) -> None:
    made = coco_dict()
    number, category = made["images"][0]["id"], made["categories"][0]["id"]
    first, second = made["annotations"][:2]
    made["annotations"] = [
        first | {"image_id": str(number)},
        second | {"category_id": str(category)},
        first | {"image_id": 999},
        first | {"image_id": "x"},
    ]
    (tmp_path / "x.json").write_text(json.dumps(made))
    found = read_boxes(tmp_path / "x.json")
    assert [row.detail for row in found.log.rows] == [
        f"image_id '{number}', where {number} is listed as a number",
        f"category_id '{category}', where {category} is listed as a number",
        "image_id 999",
        "image_id 'x'",
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_sizes_that_are_written_as_texts(tmp_path: Path, stream: bool) -> None:
    made = coco_dict()
    before = read_boxes(write(tmp_path / "x.json", made)).boxes.collect()
    for image in made["images"]:
        image["width"] = str(image["width"])
    made["images"][-1]["height"] = "high"
    after = read_boxes(write(tmp_path / "y.json", made), stream=stream)
    assert after.boxes.collect()["image_width"].to_list() == before["image_width"].to_list()
    assert after.images.collect()["image_height"].to_list()[-1] is None
    assert not after.log.counts


def test_annotations_inside_of_other_lists_are_not_those_of_coco(tmp_path: Path) -> None:
    """As Datumaro writes them, and CVAT with it."""
    box = {"type": "bbox", "label_id": 0, "bbox": [1, 2, 3, 4]}
    made = {"categories": {"label": {}}, "items": [{"id": "a", "annotations": [box]}]}
    (tmp_path / "default.json").write_text(json.dumps(made))
    with pytest.raises(InputError, match="has neither images nor annotations, so it is no COCO file"):
        read_boxes(tmp_path)
