import unicodedata
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from biasscope.boxes import inspect, read_boxes
from biasscope.boxes.files.listing import head
from biasscope.boxes.readers.yolo import names as yolo_names
from biasscope.core.errors import InputError
from tests.unit.boxes.box_samples import SIZES, expected, rows, yolo


def test_sizes_come_from_images_beside_the_labels(tmp_path: Path) -> None:
    yolo(tmp_path)
    (tmp_path / "images").mkdir()
    for name, size in SIZES.items():
        Image.new("L", size).save(tmp_path / "images" / f"{name}.png")
    for path in (tmp_path / "labels", tmp_path / "data.yaml"):
        assert rows(read_boxes(path, format="yolo").boxes.collect()) == expected()


def test_unknown_sizes_stay_fractions_and_are_counted(tmp_path: Path) -> None:
    path, _ = yolo(tmp_path)
    table = read_boxes(path)
    frame = table.boxes.collect()
    assert frame["image_width"].null_count() == 3
    assert frame.filter(pl.col("image_id") == "b").select("x0", "y1").row(0) == pytest.approx((0.1, 0.5))
    assert "Of 3 images 2 have boxes in fractions" in table.notes[1]
    result = inspect(table)
    problems = dict(zip(result.table("problems")["code"], result.table("problems")["count"], strict=True))
    assert problems["fraction"] == 3
    assert result.scalar("excluded").value == 0


def test_a_pixel_convention_without_a_size_lists_the_rows(tmp_path: Path) -> None:
    path, _ = yolo(tmp_path)
    table = read_boxes(path, box_convention="inclusive1")
    assert table.boxes.collect().height == 0
    assert table.log.counts.total() == 3
    assert [row.where for row in table.log.rows] == ["a.txt:1", "a.txt:2", "b.txt:1"]


def test_polygons_blank_lines_and_bad_rows(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(
        "\ufeff1 0.1 0.2 0.5 0.2 0.3 0.6\n\n0 0.5 0.5 0.2 0.2\nzero 1 2 3 4\n"
        "1 0.5 0.5\n1 0.5 0.5 0.5 0.5 0.5\n7 nan 0 0 0\n"
    )
    (tmp_path / "y.txt").write_bytes(b"0 0.5 0.5 0.2 0.2 \xff")
    table = read_boxes(tmp_path, format="yolo")
    frame = table.boxes.collect()
    assert frame.select("label", "row").rows() == [("1", 1), ("0", 3), ("7", 7)]
    assert frame.select("x0", "y0", "x1", "y1").row(0) == (0.1, 0.2, 0.5, 0.6)
    assert [row.where for row in table.log.rows] == ["x.txt:4", "x.txt:5", "x.txt:6", "y.txt"]
    assert table.images.collect().height == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("data.yaml", "names: [cat, dog]"),
        ("dataset.yml", "train: images\nnames:\n  0: cat\n  1: dog\n"),
        ("obj.names", "cat\ndog\n"),
        ("classes.txt", "cat\ndog"),
        ("_darknet.labels", "cat\ndog"),
    ],
)
def test_class_names(tmp_path: Path, name: str, text: str) -> None:
    path, options = yolo(tmp_path)
    (tmp_path / "data.yaml").unlink()
    (tmp_path / name).write_text(text)
    table = read_boxes(path, **options)
    assert rows(table.boxes.collect()) == expected()
    assert name in table.notes[0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("data.yaml", 'names: {"0": cat, "1": dog}\n'),
        ("classes.txt", "cat\ndog\n"),
        ("obj.names", "cat\ndog\n"),
        ("_darknet.labels", "cat\ndog\n"),
    ],
)
def test_what_stands_beside_one_label_file(tmp_path: Path, name: str, text: str) -> None:
    path, _ = yolo(tmp_path)
    (tmp_path / "data.yaml").unlink()
    (path / name).write_text(text)
    Image.new("L", SIZES["a"]).save(path / "a.PNG")
    Image.new("L", (9, 9)).save(path / "b.png")
    found = read_boxes(path / "a.txt")
    assert rows(found.boxes.collect()) == expected()[:2]
    assert found.notes == (f"Class names are from {name}.",)


def test_what_stands_beside_obj_data(tmp_path: Path) -> None:
    path, options = yolo(tmp_path)
    (tmp_path / "data.yaml").unlink()
    (tmp_path / "obj.names").write_text("cat\ndog\n")
    (tmp_path / "obj.data").write_text("classes = 2\ntrain = data/train.txt\nnames = data/obj.names\n")
    assert rows(read_boxes(tmp_path / "obj.data", **options).boxes.collect()) == expected()
    for image, size in SIZES.items():
        Image.new("L", size).save(path / f"{image}.png")
    assert rows(read_boxes(tmp_path / "obj.data").boxes.collect()) == expected()


@pytest.mark.parametrize("names", ["{zero: cat}", "{.inf: cat}", "{null: cat}"])
def test_names_by_no_numbers(tmp_path: Path, names: str) -> None:
    path, options = yolo(tmp_path)
    (tmp_path / "data.yaml").write_text(f"names: {names}\n")
    assert read_boxes(path, **options).notes[0] == "No class names were found: classes are numbers."


def test_sizes_that_no_box_needs(tmp_path: Path) -> None:
    path, _ = yolo(tmp_path)
    for name in "ab":
        Image.new("L", SIZES[name]).save(path / f"{name}.png")
    assert read_boxes(path).notes == ("Class names are from data.yaml.",)


@pytest.mark.parametrize("text", ["names: [no, 1.10]\n", "names:\n  0: no\n  1: 1.10\n", "names:\n- 'no'\n- '1.10'\n"])
def test_names_are_as_they_are_written(tmp_path: Path, text: str) -> None:
    """In yaml a bare ``no`` is false, and 1.10 is 1.1."""
    path, options = yolo(tmp_path)
    (tmp_path / "data.yaml").write_text(text)
    labels = read_boxes(path, **options).boxes.collect()["label"].cast(pl.String)
    assert set(labels) == {"no", "1.10"}


def test_names_with_repeated_numbers(tmp_path: Path) -> None:
    path, options = yolo(tmp_path)
    (tmp_path / "data.yaml").write_text("names: {0: lynx, 00: cat, 1: 2}\n")
    labels = read_boxes(path, **options).boxes.collect()["label"].cast(pl.String)
    assert set(labels) == {"cat", "2"}


def test_files_that_name_classes_otherwise_are_in_the_notes(tmp_path: Path) -> None:
    """Labelling tools leave a classes.txt of their own beside the labels."""
    _, options = yolo(tmp_path)
    (tmp_path / "labels" / "classes.txt").write_text("cat\ndog\nbird\n")
    assert "otherwise" not in read_boxes(tmp_path, format="yolo", **options).notes[0]
    (tmp_path / "labels" / "classes.txt").write_text("cat\nlynx\n")
    (tmp_path / "broken.yaml").write_text("names: [")
    (tmp_path / "a.names").write_text("cat\ndog\n")
    found = read_boxes(tmp_path, format="yolo", **options)
    assert rows(found.boxes.collect()) == expected()
    assert found.notes[0] == "Class names are from a.names; classes.txt names some of them otherwise."


def test_boxes_before_keypoints_are_no_polygons(tmp_path: Path) -> None:
    path, options = yolo(tmp_path)
    for file in path.iterdir():
        lines = file.read_text().splitlines()
        file.write_text("".join(f"{line} 0.1 0.9 0.2 0.8\n" for line in lines))
    with (tmp_path / "data.yaml").open("a") as data:
        data.write("kpt_shape: [2, 2]\n")
    assert rows(read_boxes(path, **options).boxes.collect()) == expected()


def test_many_images_without_objects_come_first(tmp_path: Path) -> None:
    path, options = yolo(tmp_path)
    for number in range(60):
        (path / f"_{number}.txt").touch()
    found = read_boxes(path, **options)
    assert rows(found.boxes.collect()) == expected()
    assert found.images.collect().height == 63


def test_a_class_without_a_name_is_listed(tmp_path: Path) -> None:
    path, options = yolo(tmp_path)
    (tmp_path / "data.yaml").write_text("names: [cat]")
    table = read_boxes(path, **options)
    assert table.log.counts == {"unknown class": 1}
    assert table.boxes.collect().height == 2


def test_yaml_cannot_build_objects(tmp_path: Path) -> None:
    path, options = yolo(tmp_path)
    (tmp_path / "data.yaml").write_text("names: !!python/object/apply:os.system ['true']")
    with pytest.raises(InputError, match="yaml"):
        read_boxes(path, **options)


def test_splits_are_folders(tmp_path: Path) -> None:
    for split in ("train2017", "val2017"):
        (tmp_path / "labels" / split).mkdir(parents=True)
        (tmp_path / "labels" / split / "1.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    frame = read_boxes(tmp_path).boxes.collect()
    assert frame.select("image_id", pl.col("split").cast(pl.String)).rows() == [
        ("labels/train2017/1", "train"),
        ("labels/val2017/1", "val"),
    ]
    only = read_boxes(tmp_path / "labels" / "val2017").boxes.collect()
    assert only["split"].to_list() == ["val"]


LISTS = {
    "train2017.txt": "./images/train2017/a.jpg\n./images/train2017/b.PNG\n\n",
    "autosplit_val.txt": "/data/images/c.jpeg",
    "numbers.txt": "000.jpg\n001.jp2\n",
    "more/list of mine.txt": "\ufeff../images/a b.jpg\r\n",
}


@pytest.mark.parametrize("named", [False, True])
def test_lists_of_images_are_no_labels_whatever_they_are_called(tmp_path: Path, named: bool) -> None:
    path, _ = yolo(tmp_path)
    root = path if (path / "labels").is_dir() else path.parent
    before = read_boxes(path)
    (root / "more").mkdir()
    for name, text in LISTS.items():
        (root / name).write_text(text, encoding="utf-8")
    found = read_boxes(root, format="yolo" if named else "auto")
    assert found.images.collect().height == before.images.collect().height
    assert rows(found.boxes.collect()) == rows(before.boxes.collect())
    assert not found.log.counts
    assert {file.name for file in found.files} == {file.name for file in before.files}
    assert any("train2017.txt" in note for note in found.notes if note.startswith("Not read")) is named


def test_paths_among_labels_are_bad_rows(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.txt").write_text("images/a.jpg\n")
    (tmp_path / "labels" / "b.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (tmp_path / "c.txt").write_text("0 0.5 0.5 0.2 0.2\nimages/a.jpg\n")
    found = read_boxes(tmp_path)
    assert found.log.counts == {"not a YOLO row": 2}
    assert found.images.collect().height == 3


@pytest.mark.parametrize("images", [None, "", "images"])
@pytest.mark.parametrize("order", ["{what}/{camera}", "{camera}/{what}"])
def test_frames_of_one_name_have_the_sizes_of_their_own_folder(tmp_path: Path, images: str | None, order: str) -> None:
    if images and not order.startswith("{what}"):
        return
    sizes = {"one": (100, 80), "two": (50, 40)}
    for camera, size in sizes.items():
        for what in ("images", "labels"):
            (tmp_path / order.format(what=what, camera=camera)).mkdir(parents=True)
        Image.new("L", size).save(tmp_path / order.format(what="images", camera=camera) / "0001.png")
        (tmp_path / order.format(what="labels", camera=camera) / "0001.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    table = read_boxes(tmp_path, images=None if images is None else tmp_path / images)
    assert table.boxes.select("image_width", "image_height").collect().rows() == [*sizes.values()]


@pytest.mark.parametrize(
    ("label", "image", "other"),
    [
        ("labels/1.txt", "images/1.png", "masks/1.png"),
        ("labels/a/1.txt", "images/a/1.png", "images/b/1.png"),
        ("a/labels/1.txt", "a/images/1.png", "b/images/1.png"),
        ("labels/train/1.txt", "images/train/1.png", "depth/train/1.png"),
        ("1.txt", "1.png", "thumbnails/1.png"),
    ],
)
def test_of_two_pictures_of_a_name_the_one_beside_the_labels_is_meant(
    tmp_path: Path, label: str, image: str, other: str
) -> None:
    for name in (label, image, other):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / label).write_text("0 0.5 0.5 0.2 0.2\n")
    Image.new("L", (100, 80)).save(tmp_path / image)
    Image.new("L", (50, 40)).save(tmp_path / other)
    for images in (None, tmp_path):
        found = read_boxes(tmp_path, images=images).boxes.collect()
        assert found.select("image_id", "image_width", "image_height").row(0) == ("1", 100, 80)


def test_a_file_of_another_kind_does_not_stand_for_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (tmp_path / "x.csv").write_text("a,b\n")
    with pytest.raises(InputError, match=r"x\.csv: no YOLO label file"):
        read_boxes(tmp_path / "x.csv", format="yolo")
    (tmp_path / "obj.names").write_text("cat\n")
    assert read_boxes(tmp_path / "obj.names", format="yolo").boxes.collect()["label"].to_list() == ["cat"]


def test_a_picture_of_another_split_gives_no_size(tmp_path: Path) -> None:
    for folder in ("labels/val", "images/train"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "labels" / "val" / "1.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    Image.new("L", (100, 80)).save(tmp_path / "images" / "train" / "1.png")
    assert read_boxes(tmp_path).images.collect()["image_width"].to_list() == [None]
    sizes = tmp_path / "sizes.csv"
    sizes.write_text("image,width,height\ntrain/1.png,100,80\n")
    found = read_boxes(tmp_path / "labels", sizes=sizes)
    assert found.images.collect()["image_width"].to_list() == [None]
    assert "--sizes has val/1 only in a folder of another split" in found.notes[-1]


def test_a_class_that_is_no_whole_number_is_no_class(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("0.5 0.5 0.2 0.3 0.98\n1.0 0.5 0.5 0.2 0.3\n")
    table = read_boxes(tmp_path)
    assert table.boxes.select("label", "row").collect().rows() == [("1", 2)]
    assert "0.5 is no whole number" in table.log.rows[0].detail


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_of_a_name_may_be_written_in_two_ways(tmp_path: Path, forms: tuple[str, str]) -> None:
    label, image = (unicodedata.normalize(form, "caf\u00e9") for form in forms)
    (tmp_path / "labels").mkdir()
    (tmp_path / "images").mkdir()
    (tmp_path / "labels" / f"{label}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    Image.new("L", (100, 80)).save(tmp_path / "images" / f"{image}.png")
    assert read_boxes(tmp_path).boxes.select("image_width", "image_height").collect().rows() == [(100, 80)]
    (tmp_path / "train.txt").write_text("images/caf\u00e9.png\n")
    for named in ("images", "train.txt"):
        (tmp_path / "data.yaml").write_text(f"train: {named}\nnames: [cat]\n")
        found = read_boxes(tmp_path / "data.yaml")
        assert found.boxes.select("image_width", "image_height").collect().rows() == [(100, 80)]
        assert found.images.collect().height == 1


def test_names_that_differ_in_accents_alone_are_two_images(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "images").mkdir()
    for form, size in (("NFC", (100, 80)), ("NFD", (50, 40))):
        Image.new("L", size).save(tmp_path / "images" / unicodedata.normalize(form, "caf\u00e9.png"))
    if len([*(tmp_path / "images").iterdir()]) == 1:
        pytest.skip("this file system takes them for one")
    (tmp_path / "labels" / "caf\u00e9.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (tmp_path / "data.yaml").write_text("train: images\nnames: [cat]\n")
    found = read_boxes(tmp_path / "data.yaml")
    assert found.boxes.select("image_width", "image_height").collect().rows() == [(100, 80)]
    assert sorted(found.images.collect()["image_width"]) == [50, 100]


def test_lists_of_splits_that_a_folder_does_not_use_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    for name in ("a", "b"):
        (tmp_path / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (tmp_path / "train.txt").write_text("./images/a.jpg\n")
    (tmp_path / "val.txt").write_text("./images/b.jpg\n")
    (tmp_path / "data.yaml").write_text("train: train.txt\nval: val.txt\nnames: [cat]\n")
    found = read_boxes(tmp_path)
    assert found.notes[0] == (
        "The splits of train.txt, val.txt were not read: give the data yaml that names them as the path."
    )
    (tmp_path / "data.yaml").rename(tmp_path / "data.txt")
    assert "were not read: write a data yaml that names them" in read_boxes(tmp_path).notes[0]
    (tmp_path / "data.txt").rename(tmp_path / "data.yaml")
    named = read_boxes(tmp_path / "data.yaml")
    assert named.images.collect()["split"].cast(pl.String).to_list() == ["train", "val"]
    assert "were not read" not in " ".join((*named.notes, *read_boxes(tmp_path, split="all").notes))


def test_labels_are_not_opened_again_to_look_for_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = list[str]()

    def looked_into(path: Path, size: int) -> bytes:
        opened.append(path.name)
        return head(path, size)

    monkeypatch.setattr(yolo_names, "head", looked_into)
    for number in range(6):
        (tmp_path / f"train_{number}.txt").write_text("0 0.5 0.5 0.2 0.2\n")
        (tmp_path / f"fold{number}_val.txt").write_text("./images/a.jpg\n")
    found = read_boxes(tmp_path, format="yolo")
    assert found.images.collect().height == 6
    assert "fold2_val.txt, fold3_val.txt and 2 more were not read" in found.notes[0]
    assert {*opened} == {f"fold{number}_val.txt" for number in range(6)}
