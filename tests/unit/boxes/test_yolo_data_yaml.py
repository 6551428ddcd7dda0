"""A data yaml is read as ultralytics reads it: what it names, and nothing else."""

from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from biasscope.boxes import inspect, read_boxes
from biasscope.core.errors import InputError


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Dataset of two splits with images, one of them without labels, and texts that nothing names."""
    root = tmp_path / "data"
    for split, names in (("train", "ab"), ("val", "cd")):
        for folder in ("images", "labels"):
            (root / folder / split).mkdir(parents=True)
        for number, name in enumerate(names):
            Image.new("L", (20 + number, 10)).save(root / "images" / split / f"{name}.jpg")
            (root / "labels" / split / f"{name}.txt").write_text("0 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.1 0.1\n")
    (root / "labels" / "val" / "d.txt").unlink()
    (root / "stray.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    return root


def read(path: Path, text: str) -> list[tuple[str, str, str, int]]:
    path.write_text(text + "\nnames: [cat, dog]\n")
    frame = read_boxes(path).boxes.collect()
    return frame.select("image_id", pl.col("split", "label").cast(pl.String), "image_width").rows()


ALL = [
    (image, split, label, width)
    for split, image, width in (("train", "a", 20), ("train", "b", 21), ("val", "c", 20))
    for label in ("cat", "dog")
]


@pytest.mark.parametrize(
    "text",
    [
        "path: .\ntrain: images/train\nval: images/val",
        "train: images/train\nval: [images/val]",
        "path: ../data\ntrain: ./images/train/\nval: images/val\ntest:",
        "train: ../images/train\nvalid: ../images/val",
    ],
)
def test_keys_are_splits(data: Path, text: str) -> None:
    assert read(data / "data.yaml", text) == ALL


def test_a_yaml_elsewhere(data: Path, tmp_path: Path) -> None:
    (tmp_path / "0.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    assert read(tmp_path / "x.yml", f"path: {data}\ntrain: images/train\nval: images/val") == ALL
    assert read(tmp_path / "x.yml", "path: data\ntrain: images/train") == ALL[:4]


def test_lists_of_images(data: Path) -> None:
    (data / "lists").mkdir()
    (data / "lists" / "mine.txt").write_text("./../images/train/b.jpg\nimages/val/c.jpg\n\n")
    assert read(data / "data.yaml", "val: lists/mine.txt\ntrain: images/train") == [
        *ALL[:4],
        *((*r[:1], "val", *r[2:]) for r in ALL[4:]),
    ]


def test_an_image_without_labels_has_no_objects(data: Path) -> None:
    read(data / "data.yaml", "val: images/val")
    table = read_boxes(data / "data.yaml")
    assert table.images.collect().select("image_id", "image_width").rows() == [("c", 20), ("d", 21)]
    assert inspect(table).scalar("images_without_objects").value == 1


@pytest.mark.parametrize("fetched", [False, True])
def test_labels_that_are_links_to_nothing_are_bad_rows(data: Path, fetched: bool) -> None:
    for name in ("images/train/b.jpg", "labels/train/b.txt")[fetched:]:
        (data / name).unlink()
        (data / name).symlink_to(data / "annex" / name)
    (data / "train.txt").write_text("./images/train/a.jpg\n" + "./images/train/b.jpg\n" * fetched)
    (data / "data.yaml").write_text("names: [cat, dog]\n")
    texts = ["train: images/train\nval: [images/val, images/train]", "path: ."]
    for text in [*texts, *["train: train.txt\nval: images/val"] * fetched]:
        assert [row[0] for row in read(data / "data.yaml", text)][:4] == ["a", "a", "c", "c"]
        found = read_boxes(data / "data.yaml")
        assert [(row.reason, row.where) for row in found.log.rows] == [
            ("link to a file that is not there", "labels/train/b.txt")
        ]
        assert "b" not in found.images.collect()["image_id"].to_list()


@pytest.mark.parametrize("text", ["train: images/train\nval: images/val", "train: train.txt"])
def test_folders_of_labels_that_are_links_to_nothing(data: Path, text: str) -> None:
    (data / "labels").rename(data.parent / "elsewhere")
    (data / "labels").symlink_to(data / "gone")
    (data / "train.txt").write_text("./images/train/a.jpg\n./images/train/b.jpg\n")
    assert read(data / "data.yaml", text) == []
    found = inspect(read_boxes(data / "data.yaml"))
    assert "link to a file that is not there" in found.finding
    assert found.scalar("images_without_objects").value == 0
    (data / "stray.txt").unlink()
    (data / "train.txt").unlink()
    with pytest.raises(InputError, match="links here lead to files that are not there: labels"):
        read_boxes(data)


def test_of_two_pictures_for_one_label_none_gives_the_size(data: Path) -> None:
    Image.new("L", (40, 10)).save(data / "images" / "train" / "a.png")
    found = read(data / "data.yaml", "train: images/train")
    assert {(image, width) for image, _, _, width in found} == {("a", None), ("b", 21)}


@pytest.mark.parametrize("route", ["data.yaml", "images/train", "labels/train"])
def test_two_pictures_of_one_size_for_one_label_give_it(data: Path, route: str) -> None:
    """As a mask beside its picture; the labels are beside their pictures, apart, or found through a data yaml."""
    for name in ("a", "b"):
        label = (data / "labels" / "train" / f"{name}.txt").read_text()
        (data / "images" / "train" / f"{name}.txt").write_text(label)
        Image.new("L", (20 + (name == "b"), 10)).save(data / "images" / "train" / f"{name}.png")
        Image.new("L", (20 + (name == "b"), 10)).save(data / "images" / "train" / f"{name}.bmp")
    (data / "data.yaml").write_text("train: images/train\nnames: [cat, dog]")
    images = data / "images" / "train" if route == "labels/train" else None
    found = read_boxes(data / route, format="yolo", images=images).boxes.select("image_id", "image_width").unique()
    assert dict(found.collect().rows()) == {"a": 20, "b": 21}


def test_what_two_keys_name_is_read_once(data: Path) -> None:
    assert read(data / "data.yaml", "train: images/train\nval: images/train") == ALL[:4]
    assert "2 images of val" in read_boxes(data / "data.yaml").notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"train: {'a' * 300}", "names .*aaa, which cannot be looked up"),
        (f"train: {'a' * 300}.txt\nval: images/val", "names .*aaa, which cannot be looked up"),
        ("path: nowhere\ntrain: images/train", r"path names .*nowhere, which does not exist"),
        ("train: images/train\nval: images/none", r"val names .*images/none, which does not exist"),
        ("train: list.txt", r"train names .*list.txt"),
        ("train: gone.txt", r"names an image that is not there.*images/gone.jpg"),
        ("train: empty/images", "no image and no label"),
    ],
)
def test_what_is_missing_is_named(data: Path, text: str, message: str) -> None:
    (data / "gone.txt").write_text("images/gone.jpg\n")
    (data / "empty" / "images").mkdir(parents=True)
    with pytest.raises(InputError, match=message):
        read(data / "data.yaml", text)


def test_labels_without_their_images(data: Path) -> None:
    for path in (data / "images").rglob("*.jpg"):
        path.unlink()
    (data / "images" / "val").rmdir()
    found = read(data / "data.yaml", "train: images/train\nval: images/val")
    assert found == [(*row[:3], None) for row in ALL]


def test_names_are_not_remembered(data: Path) -> None:
    """The cache of parsed labels knows the names they were given."""
    for number in range(210):
        (data / "labels" / "train" / f"{number}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    for name in ("cat", "lynx"):
        (data / "data.yaml").write_text(f"names: [{name}, dog]\n")
        for path in (data / "labels", data / "data.yaml"):
            assert name in read_boxes(path, format="yolo").boxes.collect()["label"].cast(pl.String)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{new}: &{new} [{', '.join(9 * [f'*{old}'])}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
        )
        + "names: *i\n",
        "names: &own [cat, *own]\n",
    ],
    ids=["bomb", "circle"],
)
def test_aliases_that_stand_for_more_than_fits(data: Path, text: str) -> None:
    (data / "data.yaml").write_text(text)
    with pytest.raises(InputError, match=r"data\.yaml: stands for too many values"):
        read_boxes(data / "labels" / "train")


def test_an_alias_that_is_used_twice(data: Path) -> None:
    assert read(data / "data.yaml", "train: &own images/train\nval: images/val\nother: *own") == ALL


def test_folders_above_that_may_not_be_listed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = Path.iterdir

    def refused(folder: Path) -> object:
        if folder == data:
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", refused)
    assert read_boxes(data / "labels" / "train").boxes.collect().height == 4


def test_several_datasets_name_images_alike(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "labels" / "train").mkdir(parents=True)
        (tmp_path / name / "labels" / "train" / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
        (tmp_path / name / "data.yaml").write_text("train: images/train\nnames: [cat]\n")
    found = read_boxes(tmp_path / "one" / "data.yaml", tmp_path / "two" / "data.yaml")
    assert found.boxes.collect()["image_id"].to_list() == ["one/labels/train/a", "two/labels/train/a"]
