"""Rows of Hugging Face datasets: which image each is, what stands beside a box, and rows that are one box."""

import io
from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pytest
from PIL import Image

from biasscope.boxes import read_boxes
from biasscope.core.errors import InputError

BOX = [1.0, 2.0, 10.0, 20.0]
SPLITS = (("three", "train"), ("four", "val"))
EDGES = (1.0, 2.0, 11.0, 22.0)


def saved(folder: Path, rows: list[dict[str, Any]], features: datasets.Features | None = None) -> Path:
    datasets.Dataset.from_list(rows, features=features).save_to_disk(str(folder / "x"))
    return folder / "x"


def named(*names: str | None) -> list[dict[str, Any]]:
    return [
        {"file_name": name, "width": 100, "height": 80, "objects": {"bbox": [BOX], "category": ["cat"]}}
        for name in names
    ]


def ids(path: Path, **options: Any) -> list[str]:
    """Ids of the images, which are those of the boxes."""
    found = read_boxes(path, **options)
    images = found.images.collect()["image_id"].to_list()
    assert found.boxes.collect()["image_id"].to_list() == images
    return images


@pytest.mark.parametrize("stream", [False, True])
def test_each_row_is_an_image_of_its_own(tmp_path: Path, stream: bool) -> None:
    path = saved(tmp_path, named("s1/a.jpg", "s2\\a.jpg", "a.png", "s2/a.jpg", "b.jpg", None, "6", "a"))
    assert ids(path, stream=stream) == ["a", "s2/a", "a#3", "s2/a#4", "b", "#6", "6", "a#8"]


@pytest.mark.parametrize("stream", [False, True])
def test_rows_of_one_name_far_apart(tmp_path: Path, stream: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("biasscope.boxes.readers.huggingface.rows.BATCH", 2)
    path = saved(tmp_path, named(*(f"{folder}/{name}.jpg" for folder in ("x", "y") for name in range(3)), "y/2.jpg"))
    assert ids(path, stream=stream) == ["0", "1", "2", "y/0", "y/1", "y/2", "y/2#7"]


def test_splits_that_are_asked_to_be_one(tmp_path: Path) -> None:
    parts = {name: datasets.Dataset.from_list(named("a", None)) for name in ("train", "test")}
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "x"))
    assert ids(tmp_path / "x") == ["a", "#2", "a", "#2"]
    assert ids(tmp_path / "x", split="all") == ["a", "#2", "a#1", "#2#2"]


@pytest.mark.parametrize("stream", [False, True])
def test_rows_of_several_datasets_are_images_of_their_own(tmp_path: Path, stream: bool) -> None:
    paths = [saved(tmp_path / name, named("a", None)) for name in ("one", "two")]
    found = read_boxes(*paths, stream=stream)
    assert found.images.collect().select("image_id", pl.col("split").cast(pl.String)).rows() == [
        ("one/x/a", None),
        ("one/x/#2", None),
        ("two/x/a", None),
        ("two/x/#2", None),
    ]
    assert found.boxes.collect()["image_id"].to_list() == found.images.collect()["image_id"].to_list()
    splits = [saved(tmp_path / name, named("b")).rename(tmp_path / name / part) for name, part in SPLITS]
    assert read_boxes(*splits, stream=stream).images.collect()["image_id"].to_list() == ["b", "b"]


@pytest.mark.parametrize("stream", [False, True])
def test_splits_are_called_as_in_the_names_of_files(tmp_path: Path, stream: bool) -> None:
    """The same dataset through ``save_to_disk`` and as Parquet files; a name stays where two would be one."""
    for names, called in ((("train", "validation"), ["train", "val"]), (("val", "validation"), ["val", "validation"])):
        parts = {name: datasets.Dataset.from_list(named("a")) for name in names}
        datasets.DatasetDict(parts).save_to_disk(str(tmp_path / names[0]))
        splits = read_boxes(tmp_path / names[0], stream=stream).boxes.collect()["split"]
        assert splits.cast(pl.String).to_list() == called
    (tmp_path / "files").mkdir()
    for name in ("train", "validation"):
        datasets.Dataset.from_list(named("a")).to_parquet(str(tmp_path / "files" / f"{name}-00000-of-00001.parquet"))
    splits = read_boxes(tmp_path / "files", stream=stream).boxes.collect()["split"]
    assert sorted(splits.cast(pl.String)) == ["train", "val"]


def test_flags_stand_among_the_objects(tmp_path: Path) -> None:
    objects = {"bbox": [BOX, BOX, BOX], "iscrowd": [0, 1, -1], "Truncated": [False, None, True], "difficult": ["yes"]}
    rows = [
        {"width": 100, "height": 80, "objects": objects | {"difficult": ["yes", "no", ""]}},
        {"width": 100, "height": 80, "objects": objects},
    ]
    found = read_boxes(saved(tmp_path, rows))
    assert found.boxes.select("crowd", "truncated", "occluded", "difficult").collect().rows() == [
        (False, False, False, True),
        (True, False, False, False),
        (False, True, False, False),
    ]
    assert found.log.counts == {"as many flags as boxes were expected": 3}


def test_flags_of_listed_objects(tmp_path: Path) -> None:
    rows = [{"width": 9, "height": 9, "objects": [{"bbox": BOX, "is_crowd": crowd} for crowd in (True, False)]}]
    assert read_boxes(saved(tmp_path, rows)).boxes.collect()["crowd"].to_list() == [True, False]


def test_the_number_for_no_class_is_no_class(tmp_path: Path) -> None:
    features = datasets.Features(
        {
            "width": datasets.Value("int32"),
            "height": datasets.Value("int32"),
            "objects": {
                "bbox": datasets.Sequence(datasets.Sequence(datasets.Value("float64"), length=4)),
                "category": datasets.Sequence(datasets.ClassLabel(names=["cat", "dog"])),
            },
        }
    )
    rows = [{"width": 100, "height": 80, "objects": {"bbox": [BOX, BOX], "category": [-1, 1]}}]
    frame = read_boxes(saved(tmp_path, rows, features)).boxes.collect()
    assert frame["label"].cast(pl.String).to_list() == [None, "dog"]


@pytest.mark.parametrize("stream", [False, True])
def test_rows_that_are_one_box(tmp_path: Path, stream: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of one name are boxes of one image, as in a table."""
    monkeypatch.setattr("biasscope.boxes.readers.huggingface.rows.BATCH", 2)
    rows = [
        {"image_id": name, "width": 100, "height": 80, "bbox": BOX, "label": label, "iscrowd": label}
        for name, label in (("s/a.jpg", 5), ("t/a.jpg", 6), ("s/a.jpg", 0))
    ]
    found = read_boxes(saved(tmp_path, rows), stream=stream)
    frame = found.boxes.collect()
    assert frame.select("image_id", pl.col("label").cast(pl.String), "crowd").rows() == [
        ("s/a", "5", True),
        ("t/a", "6", True),
        ("s/a", "0", False),
    ]
    assert set(frame.select("x0", "y0", "x1", "y1").rows()) == {EDGES}
    assert found.images.collect()["image_id"].to_list() == ["s/a", "t/a"]
    assert "Each row is one box" in found.notes[0]


def test_one_label_for_all_boxes_of_a_row(tmp_path: Path) -> None:
    rows = [{"width": 100, "height": 80, "bbox": [BOX, BOX], "label": "cat"}, {"bbox": None}]
    found = read_boxes(saved(tmp_path, rows))
    assert found.boxes.collect()["label"].cast(pl.String).to_list() == ["cat", "cat"]
    assert found.images.collect().height == 2
    assert "label of a row" in found.notes[0]


@pytest.mark.parametrize("box", ["1,2,3,4", 1.0, {"x": 1, "y": 2, "w": 3, "h": 4}, [{"x": 1, "y": 2, "w": 3, "h": 4}]])
def test_boxes_that_are_no_lists_of_numbers(tmp_path: Path, box: Any) -> None:
    with pytest.raises(InputError, match="bbox holds no lists of numbers"):
        read_boxes(saved(tmp_path, [{"objects": {"bbox": box, "category": "x"}}]))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("parquet", [False, True])
def test_sizes_from_elsewhere(tmp_path: Path, parquet: bool, stream: bool) -> None:
    rows = [{key: row[key] for key in ("file_name", "objects")} for row in named("s/1.jpg", "t/1.jpg", "2.jpg")]
    path = saved(tmp_path, rows)
    if parquet:
        path = tmp_path / "x.parquet"
        datasets.Dataset.from_list(rows).to_parquet(str(path))
    (tmp_path / "sizes.csv").write_text("image_id,width,height\n2,60,40\n")
    for number, folder in enumerate("st"):
        (tmp_path / "pictures" / folder).mkdir(parents=True)
        Image.new("L", (50 + number, 40)).save(tmp_path / "pictures" / folder / "1.jpg")
    found = read_boxes(path, sizes=tmp_path / "sizes.csv", images=tmp_path / "pictures", stream=stream)
    expected = [("1", 50, 40), ("t/1", 51, 40), ("2", 60, 40)]
    assert found.boxes.select("image_id", "image_width", "image_height").collect().rows() == expected
    assert found.images.select("image_id", "image_width", "image_height").collect().rows() == expected
    assert "image sizes are from --sizes, else --images." in found.notes[0]


@pytest.mark.parametrize("sides", [("image_width", "image_height"), ("img_width", "img_height"), ("Width", "Height")])
def test_sizes_have_the_names_that_they_have_in_tables(tmp_path: Path, sides: tuple[str, str]) -> None:
    row = {"image_id": "a", **dict(zip(sides, (100, 80), strict=True)), "objects": {"bbox": [BOX], "category": ["cat"]}}
    found = read_boxes(saved(tmp_path, [row]))
    assert found.boxes.select("image_width", "image_height").collect().rows() == [(100, 80)]
    assert f"image sizes are from the columns {sides[0]} and {sides[1]}." in found.notes[0]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("parquet", [False, True])
def test_pictures_may_be_bytes_alone(tmp_path: Path, parquet: bool, stream: bool) -> None:
    data = io.BytesIO()
    Image.new("L", (20, 10)).save(data, "PNG")
    made = datasets.Dataset.from_dict(
        {"jpeg": [data.getvalue()], "objects": [{"bbox": [[1.0, 2, 3, 4]], "label": [0]}]}
    )
    path = tmp_path / ("x.parquet" if parquet else "x")
    made.to_parquet(path) if parquet else made.save_to_disk(path)
    images = read_boxes(path, stream=stream).images.collect()
    assert images.select("image_width", "image_height").rows() == [(20, 10)]


def test_a_row_for_each_box_in_columns_is_said_to_be_a_table(tmp_path: Path) -> None:
    path = tmp_path / "x"
    box = {"image": ["a"], "xmin": [1], "ymin": [2], "xmax": [3], "ymax": [4], "label": ["cat"]}
    datasets.Dataset.from_dict(box).save_to_disk(path)
    with pytest.raises(InputError, match="read with --format-in table"):
        read_boxes(path)
    assert read_boxes(path, format="table").boxes.collect()["x1"].to_list() == [3]


def test_sizes_of_the_image_go_before_those_that_may_be_of_anything(tmp_path: Path) -> None:
    sides = {"width": 9, "height": 9, "image_width": 100, "image_height": 80}
    row = {"image_id": "a", **sides, "objects": {"bbox": [BOX], "category": ["cat"]}}
    found = read_boxes(saved(tmp_path, [row])).images.select("image_width", "image_height")
    assert found.collect().rows() == [(100, 80)]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("form", ["torch", "numpy", "arrow", "pandas", "polars"])
@pytest.mark.parametrize("columns", [None, ["width"]])
def test_a_format_that_was_set_and_saved_changes_nothing(
    tmp_path: Path, form: str, columns: list[str] | None, stream: bool
) -> None:
    classes = datasets.ClassLabel(names=["cat", "dog"])
    number, box = datasets.Value("int32"), datasets.List(datasets.Value("float64"))
    objects = datasets.List({"bbox": box, "category": classes, "iscrowd": number})
    kinds = datasets.Features({"file_name": datasets.Value("string"), "width": number, "height": number})
    given = [{"bbox": BOX, "category": 1, "iscrowd": 0}, {"bbox": BOX, "category": 0, "iscrowd": 1}]
    rows = [{"file_name": "a.jpg", "width": 100, "height": 80, "objects": given}]
    data = datasets.Dataset.from_list(rows, features=datasets.Features({**kinds, "objects": objects}))
    data.with_format(form, columns=columns).save_to_disk(str(tmp_path / "x"))
    assert datasets.load_from_disk(str(tmp_path / "x")).format["type"] == form
    found = read_boxes(tmp_path / "x", stream=stream).boxes.collect()
    assert found.select("image_id", pl.col("label").cast(pl.String), "crowd", "x1").rows() == [
        ("a", "dog", False, 11.0),
        ("a", "cat", True, 11.0),
    ]


@pytest.mark.parametrize("name", ["category_name", "classes", "class_name", "label_name", "Category_Name", "synset"])
@pytest.mark.parametrize("at", ["objects", "listed", "row"])
def test_classes_have_the_names_that_they_have_in_tables(tmp_path: Path, name: str, at: str) -> None:
    fields: dict[str, Any] = {"bbox": [BOX], name: ["cat"]}
    if at != "row":
        fields = {"objects": fields if at == "objects" else [{"bbox": BOX, name: "cat"}]}
    found = read_boxes(saved(tmp_path, [{"width": 100, "height": 80, **fields}]))
    assert found.boxes.collect()["label"].cast(pl.String).to_list() == ["cat"]
    assert "--columns" not in found.notes[0]


def test_without_a_class_all_boxes_are_of_one_and_a_note_says_what_to_do(tmp_path: Path) -> None:
    path = saved(tmp_path, [{"width": 100, "height": 80, "objects": [{"bbox": BOX, "sort": "cat"}]}])
    found = read_boxes(path)
    assert found.boxes.collect()["label"].cast(pl.String).to_list() == ["object"]
    assert "all boxes are “object”; name it with --columns label=..." in found.notes[0]
    named = read_boxes(path, columns={"label": "sort"})
    assert named.boxes.collect()["label"].cast(pl.String).to_list() == ["cat"]


@pytest.mark.parametrize(
    ("names", "convention", "read"),
    [
        ("x y w h", "auto", "xywh"),
        ("x y width height", "auto", "xywh"),
        ("XMin YMin XMax YMax", "auto", "edges"),
        ("xmin ymin xmax ymax", "inclusive1", "inclusive1"),
    ],
)
def test_listed_boxes_with_names_for_their_numbers(tmp_path: Path, names: str, convention: str, read: str) -> None:
    numbers = {"xywh": (1.0, 2.0, 10.0, 20.0), "edges": EDGES, "inclusive1": (2.0, 3.0, 11.0, 22.0)}[read]
    box = dict(zip(names.split(), numbers, strict=True))
    rows = [{"width": 100, "height": 80, "objects": [{"bbox": one, "category": "cat"} for one in (box, None)]}]
    found = read_boxes(saved(tmp_path, rows), box_convention=convention)
    assert found.boxes.select("x0", "y0", "x1", "y1").collect().rows() == [EDGES]
    assert found.log.counts == {"bbox is not four numbers": 1}
    assert found.convention == read
    assert f"read as {read};" in found.notes[0]


def test_listed_boxes_with_other_names_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="bbox holds no lists of numbers"):
        read_boxes(saved(tmp_path, [{"objects": [{"bbox": {"a": 1.0, "b": 2.0}, "category": "x"}]}]))


def test_a_class_with_its_number_has_its_name(tmp_path: Path) -> None:
    car = {"id": 1, "name": "car"}
    rows = [{"width": 9, "height": 9, "objects": {"bbox": [BOX, BOX], "category": [car, None]}}]
    found = read_boxes(saved(tmp_path / "lists", rows)).boxes.collect()
    assert found["label"].cast(pl.String).to_list() == ["car", None]
    rows = [{"width": 9, "height": 9, "objects": [{"bbox": BOX, "category": car}]}]
    datasets.Dataset.from_list(rows).to_parquet(str(tmp_path / "x.parquet"))
    found = read_boxes(tmp_path / "x.parquet").boxes.collect()
    assert found["label"].cast(pl.String).to_list() == ["car"]


def test_whole_floats_are_integers(tmp_path: Path) -> None:
    rows = [
        {"image_id": 12.0, "width": 9, "height": 9, "objects": [{"bbox": BOX, "category": label}]}
        for label in (1.0, None, 2.5)
    ]
    found = read_boxes(saved(tmp_path, rows)).boxes.collect()
    assert found["label"].cast(pl.String).to_list() == ["1", None, "2.5"]
    assert found["image_id"][0] == "12"


def encoded(size: tuple[int, int]) -> dict[str, Any]:
    buffer = io.BytesIO()
    Image.new("L", size).save(buffer, "PNG")
    return {"bytes": buffer.getvalue(), "path": None}


@pytest.mark.parametrize("parquet", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_rows_whose_columns_say_no_size_have_that_of_their_picture(tmp_path: Path, parquet: bool, stream: bool) -> None:
    number, objects = datasets.Value("int32"), datasets.List({"bbox": datasets.List(datasets.Value("float64"))})
    kinds = {"image": datasets.Image(), "width": number, "height": number, "objects": objects}
    sides, pictures = (
        [(100, 80), (None, None), (90, 70), (30, None), (None, None)],
        [(9, 9), (50, 40), (9, 9), (20, 10)],
    )
    rows = [
        {"image": picture, "width": width, "height": height, "objects": [{"bbox": BOX}]}
        for (width, height), picture in zip(sides, [*map(encoded, pictures), None], strict=True)
    ]
    data = datasets.Dataset.from_list(rows, features=datasets.Features(kinds))
    path = tmp_path / ("x.parquet" if parquet else "x")
    data.to_parquet(str(path)) if parquet else data.save_to_disk(str(path))
    found = read_boxes(path, stream=stream)
    sizes = found.images.select("image_width", "image_height").collect().rows()
    assert sizes == [(100, 80), (50, 40), (90, 70), (20, 10), (None, None)]
    assert "the columns width and height, else image headers." in found.notes[0]


@pytest.mark.parametrize("kind", [pl.List(pl.List(pl.Float64)), pl.List(pl.Array(pl.Float64, 4))])
def test_a_parquet_file_with_the_boxes_of_an_image_in_a_row_is_known(tmp_path: Path, kind: pl.DataType) -> None:
    rows = {"image": ["in/a.jpg", "b.jpg"], "bbox": [[BOX, BOX], []], "label": [["cat", "dog"], []]}
    sides = {"width": [100, 100], "height": [80, 80]}
    pl.DataFrame({**rows, **sides}, schema_overrides={"bbox": kind}).write_parquet(tmp_path / "x.parquet")
    found = read_boxes(tmp_path / "x.parquet")
    wanted = [("a", "cat", *EDGES), ("a", "dog", *EDGES)]
    assert found.boxes.select("image_id", "label", "x0", "y0", "x1", "y1").collect().rows() == wanted
    assert found.images.collect()["image_id"].to_list() == ["a", "b"]
    with_corners = pl.read_parquet(tmp_path / "x.parquet").with_columns(
        label=pl.lit("cat"), x0=pl.lit(1.0), y0=pl.lit(2.0), x1=pl.lit(11.0), y1=pl.lit(22.0)
    )
    with_corners.write_parquet(tmp_path / "x.parquet")
    assert read_boxes(tmp_path / "x.parquet").format == "table"


def test_lists_of_boxes_beside_what_a_table_reads_are_left(tmp_path: Path) -> None:
    rows = {"image": ["a", "b"], "boxes": [[BOX, BOX], [BOX]], "label": ["cat", "dog"], "split": ["train", "val"]}
    own = {"tl_x": [1.0, 1.0], "tl_y": [2.0, 2.0], "br_x": [11.0, 11.0], "br_y": [22.0, 22.0], "mine": [BOX, BOX]}
    frame, corners = pl.DataFrame({**rows, **own}), dict(zip(("x0", "y0", "x1", "y1"), own, strict=False))
    beside = frame.rename({"mine": "bbox"})
    for made, columns in ((frame, corners), (frame, {"bbox": "mine"}), (beside, {})):
        made.write_parquet(tmp_path / "x.parquet")
        found = read_boxes(tmp_path / "x.parquet", columns=columns)
        assert found.format == "table"
        edges = found.boxes.select("image_id", "x0", "y0", "x1", "y1", "split").collect()
        assert edges.rows() == [("a", *EDGES, "train"), ("b", *EDGES, "val")]


LISTS = {"image": [7, 8, 9], "width": [50] * 3, "height": [40] * 3, "bboxes": [[BOX], [BOX], [BOX]]}
OBJECTS = {"image_id": ["a", "a", "b"], "objects": [{"bbox": [BOX], "category": ["cat"]}] * 3}


def splits(path: Path, **options: Any) -> list[tuple[str, str | None]]:
    """Ids and splits of the images, which are those of the boxes."""
    found = read_boxes(path, **options)
    both = pl.col("image_id"), pl.col("split").cast(pl.String)
    images = found.images.select(both).collect().rows()
    assert found.boxes.select(both).collect().rows() == images
    return images


@pytest.mark.parametrize("stream", [False, True])
def test_a_column_of_splits_beside_lists_of_boxes(tmp_path: Path, stream: bool) -> None:
    """As in tables: known by its usual names or named, before the names of files, and called as everywhere."""
    path = tmp_path / "test.parquet"
    pl.DataFrame({**OBJECTS, "Subset": ["train", "valid", None]}).write_parquet(path)
    expected = [("a", "train"), ("a", "val"), ("b", None)]
    assert splits(path, stream=stream) == splits(path, stream=stream, split_column="Subset") == expected
    assert splits(path, split="all") == [("a", "all"), ("a#2", "all"), ("b", "all")]
    assert read_boxes(path).notes[0].endswith("Splits are from the column Subset.")
    pl.DataFrame({**OBJECTS, "fold": [1, 2, 2]}).write_parquet(path)
    assert splits(path, split_column="fold") == [("a", "1"), ("a", "2"), ("b", "2")]
    assert splits(path) == [("a", "test"), ("a#2", "test"), ("b", "test")]
    with pytest.raises(InputError, match="several values a row"):
        read_boxes(path, split_column="objects")


def test_a_column_of_splits_beside_splits_with_names(tmp_path: Path) -> None:
    rows = [{**row, "split": name} for row, name in zip(named("a", "a"), ("train", "val"), strict=True)]
    datasets.DatasetDict({"train": datasets.Dataset.from_list(rows)}).save_to_disk(str(tmp_path / "x"))
    assert splits(tmp_path / "x") == [("a", "train"), ("a#2", "train")]
    assert "--split-column split would take them from that column" in read_boxes(tmp_path / "x").notes[0]
    assert splits(tmp_path / "x", split_column="split") == [("a", "train"), ("a", "val")]
    alone = datasets.Dataset.from_list(rows)
    alone.save_to_disk(str(tmp_path / "z"))
    assert splits(tmp_path / "z") == [("a", "train"), ("a", "val")]
    both = {name: datasets.Dataset.from_list(rows[:1]) for name in ("one", "two")}
    datasets.DatasetDict(both).save_to_disk(str(tmp_path / "y"))  # two images, though of one name and split
    assert splits(tmp_path / "y", split_column="split") == [("a", "train"), ("a#1", "train")]


def test_rows_of_several_files_with_columns_of_splits_are_images_of_their_own(tmp_path: Path) -> None:
    for name in ("one", "two"):
        pl.DataFrame({**OBJECTS, "split": ["train", "val", "val"]}).write_parquet(tmp_path / f"{name}.parquet")
    found = read_boxes(*(tmp_path / f"{name}.parquet" for name in ("one", "two")))
    assert found.images.collect()["image_id"].n_unique() == 4
    assert found.images.unique(["image_id", "split"]).collect().height == 6


@pytest.mark.parametrize(
    "box", [pl.List(pl.List(pl.Float64)), pl.List(pl.Array(pl.Float64, 4)), pl.Array(pl.Float64, (1, 4))]
)
@pytest.mark.parametrize("name", ["bboxes", "BBox", "Boxes"])
def test_lists_of_boxes_of_any_type_and_spelling(tmp_path: Path, box: pl.DataType, name: str) -> None:
    frame = pl.DataFrame(LISTS).with_columns(pl.col("bboxes").cast(box)).rename({"bboxes": name})
    frame.write_parquet(tmp_path / "x.parquet")
    found = read_boxes(tmp_path / "x.parquet").boxes.collect()
    assert found.select("image_id", "x0", "y0", "x1", "y1").rows() == [(image, *EDGES) for image in "789"]
    fields = pl.struct(pl.col(name), pl.lit("cat").alias("Category")).alias("Objects")
    frame.select(pl.exclude(name), fields).write_parquet(tmp_path / "x.parquet")
    assert read_boxes(tmp_path / "x.parquet").boxes.collect()["label"].cast(pl.String).to_list() == ["cat"] * 3


def test_pictures_of_which_the_file_does_not_say_that_they_are_some(tmp_path: Path) -> None:
    """As polars and pandas write them again: without the note of the library on its features."""
    data = io.BytesIO()
    Image.new("L", (30, 20)).save(data, "PNG")
    pictures = [{"bytes": data.getvalue(), "path": "a.png"}, {"bytes": None, "path": None}, None]
    pl.DataFrame({**OBJECTS, "image": pictures}).write_parquet(tmp_path / "x.parquet")
    found = read_boxes(tmp_path / "x.parquet")
    assert found.images.collect()["image_width"].to_list() == [30, None, None]
    assert not found.log.counts
