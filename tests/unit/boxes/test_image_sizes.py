"""Sizes from a table beside the annotations: which row is meant, and what the table itself may be."""

import json
import shutil
from pathlib import Path
from unicodedata import normalize

import polars as pl
import pytest
from PIL import Image

from biasscope.boxes import inspect, read_boxes
from biasscope.boxes.sizes.table import SizeTable
from biasscope.core.errors import InputError
from tests.unit.boxes.box_samples import SAMPLES, coco_dict, expected, openimages, rows, sizes_csv, table

SIZES_IN_FOLDERS = (
    "image,width,height\ntrain/1.png,10,11\nval/1.png,20,21\ntrain/2.png,30,31\nx/3.png,4,4\ny/3.png,4,4\n"
)


def test_sizes_of_images_of_one_name_are_told_apart_by_folder(tmp_path: Path) -> None:
    (tmp_path / "sizes.csv").write_text(SIZES_IN_FOLDERS)
    images = ("train/1", "val/1", "1", "2", "val/2", "3")
    lines = "".join(f"{image},0,0,1,1,cat\n" for image in images)
    (tmp_path / "x.csv").write_text(f"image,xmin,ymin,xmax,ymax,label\n{lines}")
    found = read_boxes(tmp_path / "x.csv", sizes=tmp_path / "sizes.csv")
    known = dict(found.boxes.select("image_id", "image_width").collect().rows())
    assert known == {"train/1": 10, "val/1": 20, "1": None, "2": 30, "val/2": None, "3": 4}
    frame = read_boxes(tmp_path / "x.csv", sizes=tmp_path / "sizes.csv", split="val").boxes.collect()
    assert frame.filter(pl.col("image_id") == "1")["image_height"].item() == 21


def test_sizes_of_files_in_folders_of_splits(tmp_path: Path) -> None:
    (tmp_path / "sizes.json").write_text(
        json.dumps({"images": [{"id": 1, "file_name": "train/1.png", "width": 10, "height": 11},
                               {"id": 2, "file_name": "val/1.png", "width": 20, "height": 21}]})
    )  # fmt: skip
    for split in ("train", "val"):
        (tmp_path / "labels" / split).mkdir(parents=True)
        (tmp_path / "labels" / split / "1.txt").write_text("0 0.5 0.5 1 1\n")
    frame = read_boxes(tmp_path / "labels", sizes=tmp_path / "sizes.json").boxes.collect()
    assert frame.select("x1", "y1").rows() == [(10.0, 11.0), (20.0, 21.0)]


@pytest.mark.parametrize(
    ("files", "image", "widths"),
    [
        (("train/1", "x/1", "val/2"), "1", {"train": 10, "val": None, "": None}),  # val has a folder, without this one
        (("train/1", "1", "val/2"), "1", {"train": 10, "val": None, "": None}),
        (("train/1", "x/1", "val/2"), "x/1", {"train": 20, "val": 20, "": 20}),
        (("x/1", "val/2"), "1", {"train": 10, "val": 10, "": 10}),  # the only one of that name
        (("x/1", "y/1"), "1", {"train": None, "val": None, "": None}),
        (("x/1", "y/1"), "y/1", {"train": 20, "val": 20, "": 20}),
        (("train/1",), "1", {"train": 10, "val": 10, "": 10}),
        (("train/1", "val/2"), "1", {"train": 10, "val": None, "": 10}),
    ],
)
def test_which_file_of_a_name_an_image_is(
    tmp_path: Path, files: tuple[str, ...], image: str, widths: dict[str, int | None]
) -> None:
    for place, name in enumerate(files):
        path = tmp_path / "pictures" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (10 * place + 10, 5)).save(path)
    lines = "".join(f"{image},0,0,4,4,cat,{split}\n" for split in widths)
    (tmp_path / "x.csv").write_text(f"image,xmin,ymin,xmax,ymax,label,split\n{lines}")
    found = read_boxes(tmp_path / "x.csv", images=tmp_path / "pictures", split_column="split")
    known = found.boxes.select(pl.col("split").cast(pl.String).fill_null(""), "image_width").collect()
    assert dict(known.rows()) == widths
    listed = inspect(found).table("rows")
    assert listed["code"].count("unknown_size") == list(widths.values()).count(None)


@pytest.mark.parametrize(
    ("sides", "wanted"),
    [
        (("1,000;800", "2,000;1,200"), [(1000, 800), (2000, 1200)]),
        (("4,032;3,024", "4,032;3,024"), [(4032, 3024)] * 2),
        (("640,000;480,000", "800,000;600,000"), [(640, 480), (800, 600)]),
        (("98,304;100,000", "98,304;100,000"), [(98304, 100000)] * 2),
        ((" 40 ;30.0", "12,5;30"), [(40, 30), (None, None)]),
    ],
)
def test_sizes_with_thousands_set_apart(
    tmp_path: Path, sides: tuple[str, str], wanted: list[tuple[int | None, int | None]]
) -> None:
    lines = "".join(f"{name}.png;{side}\n" for name, side in zip("ab", sides, strict=True))
    (tmp_path / "sizes.csv").write_text(f"image;width;height\n{lines}")
    found = SizeTable(tmp_path / "sizes.csv")
    assert [found.find(name) for name in "ab"] == wanted


@pytest.mark.parametrize("folder", ["", "x/"])
@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_of_a_name_may_be_written_in_two_ways(tmp_path: Path, forms: tuple[str, str], folder: str) -> None:
    boxes, sizes = (normalize(form, "caf\u00e9.png") for form in forms)
    (tmp_path / "x.csv").write_text(f"image,xmin,ymin,xmax,ymax,label\n{boxes},1,1,5,5,cat\nplain,1,1,5,5,cat\n")
    (tmp_path / "sizes.csv").write_text(f"image,width,height\n{folder}{sizes},20,10\nplain,40,30\n")
    found = read_boxes(tmp_path / "x.csv", sizes=tmp_path / "sizes.csv").boxes
    assert found.select("image_width", "image_height").collect().rows() == [(20, 10), (40, 30)]


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_table_of_sizes_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "sizes.csv").write_text(text)
    with pytest.raises(InputError, match="the file is empty"):
        read_boxes(openimages(tmp_path)[0], sizes=tmp_path / "sizes.csv")


def test_columns_that_a_table_of_sizes_lacks_are_told_by_those_it_has(tmp_path: Path) -> None:
    (tmp_path / "sizes.csv").write_text("picture,width,height\na,1,1\n")
    with pytest.raises(InputError, match=r"among picture, width, height\. "):
        read_boxes(openimages(tmp_path)[0], sizes=tmp_path / "sizes.csv")


@pytest.mark.parametrize("name", ["table", "voc", "openimages", "coco"])
def test_a_table_of_sizes_in_the_folder_is_not_read_as_boxes(tmp_path: Path, name: str) -> None:
    (tmp_path / "x").mkdir()
    path = SAMPLES[name](tmp_path / "x")[0]
    sizes = sizes_csv(path if path.is_dir() else path.parent)
    found = read_boxes(sizes.parent, sizes=sizes)
    assert rows(found.boxes.collect()) == expected()
    assert not any("sizes" in note for note in found.notes)


def test_boxes_of_a_table_of_sizes_are_not_left_out_in_silence(tmp_path: Path) -> None:
    path, _ = table(tmp_path)
    shutil.copy(path, tmp_path / "other.csv")
    found = read_boxes(tmp_path, sizes=tmp_path / "other.csv")
    assert len(found.files) == 1
    assert any("Of other.csv only the image sizes were read" in note for note in found.notes)


TWICE = "image,width,height\na.jpg,20,10\na.jpg,40,30\n"


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        (None, "give --images or --sizes"),
        (TWICE, "--sizes has several sizes for one name, such as a"),
        ("image,width,height\na.jpg,abc,-3\n", "--sizes has a usable size of none of these images, such as a"),
        ("image,width,height\nother.jpg,20,10\n", "--sizes has a usable size of none of these images, such as a"),
    ],
)
def test_advice_knows_which_sizes_were_given(tmp_path: Path, sizes: str | None, said: str) -> None:
    boxes, labels, table = tmp_path / "x.csv", tmp_path / "labels", tmp_path / "sizes.csv"
    boxes.write_text("image,xmin,ymin,xmax,ymax,label\na.jpg,1,2,30,40,cat\n")
    labels.mkdir()
    (labels / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    table.write_text(sizes or "")
    options = {} if sizes is None else {"sizes": table}
    assert (
        f"The annotation gives no image sizes: {said}. Where columns" in inspect(read_boxes(boxes, **options)).finding
    )
    assert any(note.endswith(f"could not be found; {said}.") for note in read_boxes(labels, **options).notes)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["one/a.png", "two/a.png"], "--images has several pictures for one name, such as a"),
        (["b.png"], "--images holds none of these images, such as a"),
        ([], "--images holds none of these images, such as a"),
    ],
)
def test_advice_knows_which_pictures_were_given(tmp_path: Path, names: list[str], said: str) -> None:
    (tmp_path / "x.csv").write_text("image,xmin,ymin,xmax,ymax,label\na.jpg,1,2,30,40,cat\n")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for place, name in enumerate(names):
        (pictures / name).parent.mkdir(exist_ok=True)
        Image.new("L", (20 + place, 10)).save(pictures / name)
    assert f"sizes: {said}. Where columns" in inspect(read_boxes(tmp_path / "x.csv", images=pictures)).finding


def test_advice_is_about_the_images_without_a_size(tmp_path: Path) -> None:
    """The size of ``a`` is known; that its box has no area says nothing of sizes."""
    (tmp_path / "x.csv").write_text("image,xmin,ymin,xmax,ymax,label\na,1,2,1,4,cat\nb,1,2,3,4,cat\nc,1,2,3,4,cat\n")
    (tmp_path / "s.csv").write_text("image,width,height\na,20,10\n")
    found = inspect(read_boxes(tmp_path / "x.csv", sizes=tmp_path / "s.csv")).finding
    assert "--sizes has a usable size of none of these images, such as b" in found


def test_sizes_of_images_in_a_table_of_boxes_are_not_those_of_its_boxes(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("image,xmin,ymin,xmax,ymax,label\na,1,2,3,4,cat\n")
    (tmp_path / "s.csv").write_text("image,x,y,width,height,img_w,img_h\na,1,2,2,2,20,10\n")
    boxes = read_boxes(tmp_path / "x.csv", sizes=tmp_path / "s.csv").boxes.collect()
    assert boxes.select("image_width", "image_height").row(0) == (20, 10)


def test_pictures_of_another_split_are_told_of(tmp_path: Path) -> None:
    for name in ("labels/val", "images/train"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "labels" / "val" / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    Image.new("L", (20, 10)).save(tmp_path / "images" / "train" / "a.png")
    said = "has val/a only in a folder of another split"
    note = read_boxes(tmp_path / "labels", images=tmp_path / "images" / "train").notes[-1]
    assert f"--images {said}" in note
    assert f"the folder of pictures {said}" in read_boxes(tmp_path / "labels").notes[-1]


@pytest.mark.parametrize(
    "image", ["https://x.org/up/my%20a.png", "/data/local-files/?d=pictures%2Fmy%20a.png", "my%20a", "my a.png"]
)
def test_names_in_addresses_are_those_of_files(tmp_path: Path, image: str) -> None:
    (tmp_path / "x.csv").write_text(f"image,xmin,ymin,xmax,ymax,label\n{image},1,2,3,4,cat\n50%25,1,2,3,4,cat\n")
    (tmp_path / "pictures").mkdir()
    Image.new("L", (20, 10)).save(tmp_path / "pictures" / "my a.png")
    Image.new("L", (40, 10)).save(tmp_path / "pictures" / "50%25.png")
    (tmp_path / "s.csv").write_text("image,width,height\nmy a.png,20,10\n50%25.png,40,10\n")
    for options in ({"images": tmp_path / "pictures"}, {"sizes": tmp_path / "s.csv"}):
        boxes = read_boxes(tmp_path / "x.csv", **options).boxes.collect()
        assert boxes["image_width"].to_list() == [20, 40]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("s.csv", b"a,b\n1,2\n", "columns for image, width and height were not found"),
        ("s.csv", b"", "the file is empty"),
        ("s.parquet", b"PAR1 and no more", "cannot be read"),
        ("s.json", b"[1, 2]", "is no COCO JSON file"),
        ("s.json", b"", "is no COCO JSON file"),
    ],
)
def test_sizes_that_no_box_needs_are_looked_at_all_the_same(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    path = tmp_path / "x.json"
    path.write_text(json.dumps(coco_dict()))  # which has sizes
    with pytest.raises(InputError, match=rf"{name}: {said}"):
        read_boxes(path, sizes=tmp_path / name)


@pytest.mark.parametrize("names", [("a.png", "b.png"), ("pictures/a.png", "pictures/b.png")])
def test_addresses_with_a_query_are_those_of_the_files(tmp_path: Path, names: tuple[str, str]) -> None:
    images = ("https://x.org/a.png?s=1", "s3://y/b.PNG?key=p/q#r", "https://x.org/picture?id=a.png")
    lines = "".join(f"{image},1,2,3,4,cat\n" for image in images)
    (tmp_path / "x.csv").write_text(f"image,xmin,ymin,xmax,ymax,label\n{lines}")
    (tmp_path / "sizes.csv").write_text(f"image,width,height\n{names[0]},7,8\n{names[1]},9,10\n")
    (tmp_path / "pictures").mkdir()
    for name, size in zip("ab", ((7, 8), (9, 10)), strict=True):
        Image.new("L", size).save(tmp_path / "pictures" / f"{name}.png")
    for options in ({"sizes": tmp_path / "sizes.csv"}, {"images": tmp_path / "pictures"}):
        found = read_boxes(tmp_path / "x.csv", **options).boxes.collect()
        assert found["image_width"].to_list() == [7, 9, None]
        assert found["image_id"].to_list() == [*images[:2], "https://x.org/picture?id=a"]
