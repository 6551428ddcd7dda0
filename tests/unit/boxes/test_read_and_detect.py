import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from biasscope import analyze_dataset
from biasscope.boxes import BOXES, READERS, inspect, read_boxes, usable_boxes
from biasscope.boxes.files.listing import Files
from biasscope.boxes.files.names import split_from, stem_of, unique_ids
from biasscope.boxes.files.pointers import REASON
from biasscope.boxes.rowlog import RowLog
from biasscope.boxes.sizes.lookup import ImageFiles, image_size, read_sizes
from biasscope.boxes.source import Request
from biasscope.core.errors import InputError, UsageError
from tests.unit.boxes.box_samples import SAMPLES, Sample, coco, expected, rows, table, voc, yolo


@pytest.mark.parametrize(
    ("part", "split"),
    [
        ("train2017", "train"),
        ("instances_val2017", "val"),
        ("Validation", "val"),
        ("instances_training", "train"),
        ("training2019", "train"),
        ("testing", "test"),
        ("eval", "val"),
        ("evaluation_set", "val"),
        ("tst", "test"),
        ("evaluate", None),
        ("VOC2012-test", "test"),
        ("trainer", None),
        ("2017", None),
        ("obj_train_data", "train"),
        ("n01440764_10040", None),
    ],
)
def test_split_names(part: str, split: str | None) -> None:
    assert split_from(part) == split


def test_a_folder_above_counts_only_when_it_is_called_like_a_split(tmp_path: Path) -> None:
    for folder, split in (("val", "val"), ("my_test_data", None), ("train/annotations", "train")):
        inside = tmp_path / folder
        inside.mkdir(parents=True)
        (inside / "boxes.csv").touch()
        assert Request(inside).split_of("boxes.csv") == split
        assert Request(inside / "boxes.csv").split_of("boxes.csv") == split


@given(st.lists(st.text(alphabet="ab/.", min_size=1, max_size=5).map(lambda name: name + ".jpg"), unique=True))
def test_image_ids_are_as_many_as_file_names(names: list[str]) -> None:
    assert len(set(unique_ids(names))) == len(names)


def test_stems_keep_dots_that_are_no_suffix() -> None:
    assert [stem_of(name) for name in ("a/b.c.JPG", "a\\b.png", ".jpg", "v1.5")] == ["b.c", "b", ".jpg", "v1.5"]


@pytest.mark.parametrize("make", [lambda path: path / "none", lambda path: path], ids=["missing", "empty folder"])
def test_nothing_there(tmp_path: Path, make: object) -> None:
    with pytest.raises(InputError, match=r"no such file|folder is empty"):
        read_boxes(make(tmp_path))  # type: ignore[operator]


def test_empty_files_and_unknown_ones(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.touch()
    with pytest.raises(InputError, match="empty"):
        read_boxes(path)
    path.write_text("[1, 2]")
    with pytest.raises(InputError, match=r"tried voc, .*--format-in"):
        read_boxes(path)


def test_several_formats_in_one_folder_have_to_be_named(tmp_path: Path) -> None:
    coco(tmp_path)
    voc(tmp_path / "x")
    with pytest.raises(InputError, match="several formats: voc, coco"):
        read_boxes(tmp_path)
    assert rows(read_boxes(tmp_path, format="coco").boxes.collect()) == expected()


def test_several_paths_of_several_formats(tmp_path: Path) -> None:
    found = read_boxes(coco(tmp_path)[0], table(tmp_path)[0], voc(tmp_path / "x")[0])
    assert rows(found.boxes.collect()) == sorted(expected() * 3)
    assert found.format == "coco, table, voc"
    assert found.convention == "xywh, edges, inclusive1"
    assert found.images.collect().height == 9
    assert found.empty is not None
    assert found.empty.collect().height == 3
    assert len(found.files) == 5


def test_usage() -> None:
    with pytest.raises(UsageError, match="no path"):
        read_boxes()
    with pytest.raises(UsageError, match="coco"):
        read_boxes(__file__, format="koko")


def test_files_are_made_when_they_are_asked_for(tmp_path: Path) -> None:
    found = Files(Request(voc(tmp_path / "x")[0]).files)
    assert found[0] == tmp_path / "x" / "a.xml"
    assert [file.name for file in found[1:]] == ["b.xml", "c.xml"]
    assert len(list(found)) == len(found) == 3


def test_image_headers_and_what_is_none(tmp_path: Path) -> None:
    Image.new("RGB", (7, 5)).save(
        tmp_path / "x.jpg", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    )
    assert image_size(tmp_path / "x.jpg") == (7, 5)
    header = b"IHDR" + (10**6).to_bytes(4, "big") * 2 + b"\x08\0\0\0\0"
    png = b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + crc32(header).to_bytes(4, "big")
    (tmp_path / "bomb.png").write_bytes(png + b"\0\0\0\0IDAT" + b"\0" * 8)
    (tmp_path / "text.png").write_text("no picture")
    log = RowLog()
    sizes = read_sizes(ImageFiles(tmp_path), [("x", None), ("bomb", None), ("text", None), ("none", None)], log)
    assert sizes == [(7, 5), (None, None), (None, None), (None, None)]
    assert [row.detail.partition(" (")[0] for row in log.rows] == [
        "claims an improbable size",
        "its size cannot be read",
    ]


def test_sizes_of_pictures_in_other_formats(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jp2")
    assert image_size(tmp_path / "a.jp2") == (40, 30)


def test_images_of_one_name_are_told_apart_by_folder(tmp_path: Path) -> None:
    for number, folder in enumerate(("train", "val"), 1):
        (tmp_path / folder).mkdir()
        Image.new("L", (number, number)).save(tmp_path / folder / "1.png")
    Image.new("L", (3, 3)).save(tmp_path / "train" / "2.png")
    files = ImageFiles(tmp_path)
    assert files.find("val/1") == tmp_path / "val" / "1.png"
    assert files.find("1", "train") == tmp_path / "train" / "1.png"
    assert files.find("1") is None
    assert files.find("2") == files.find("2", "fold_3") == files.find("2", "test") == tmp_path / "train" / "2.png"
    assert files.find("val/2") is files.find("2", "val") is files.find("labels/test/2") is None


def test_the_folder_of_one_split_has_no_images_of_another(tmp_path: Path) -> None:
    for folder in ("train", "mixed"):
        (tmp_path / folder).mkdir()
        Image.new("L", (1, 1)).save(tmp_path / folder / "1.png")
    train, mixed = ImageFiles(tmp_path / "train"), ImageFiles(tmp_path / "mixed")
    assert train.find("val/1") is None
    assert train.find("train/1") == train.find("1") == train.find("1", "fold_3") == tmp_path / "train" / "1.png"
    assert mixed.find("val/1") == mixed.find("1") == tmp_path / "mixed" / "1.png"


@given(st.integers(0, 5), st.integers(0, 5))
def test_a_log_counts_all_and_keeps_some(keep: int, rows_added: int) -> None:
    log = RowLog(keep=keep)
    for number in range(rows_added):
        log.add("why", f"x:{number}")
    assert log.counts["why"] == rows_added
    assert len(log.rows) == min(keep, rows_added)


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, biasscope.boxes; heavy = {'torch', 'seaborn', 'matplotlib', 'sklearn', 'datasets', 'scipy', 'PIL'}"
        "; print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_schema_of_an_empty_result(tmp_path: Path) -> None:
    path, _ = table(tmp_path)
    path.write_text(path.read_text().splitlines()[0] + "\n")
    frame = read_boxes(path).boxes.collect()
    assert frame.schema == BOXES
    assert isinstance(frame, pl.DataFrame)
    assert frame.height == 0


def test_a_link_in_a_circle_is_no_file(tmp_path: Path) -> None:
    path, _ = voc(tmp_path / "voc")
    (path / "round.xml").symlink_to("round.xml")
    assert rows(read_boxes(path).boxes.collect()) == expected()


@pytest.mark.parametrize("name", ["x.zip", "x.json.gz", "x.tar.gz", "x.tar.xz"])
def test_packed_files_that_are_not_read_say_so(tmp_path: Path, name: str) -> None:
    shutil.make_archive(str(tmp_path / "x"), "gztar", tmp_path, coco(tmp_path)[0].name)
    (tmp_path / "x.tar.gz").rename(tmp_path / name)
    with pytest.raises(InputError, match="unpack it"):
        read_boxes(tmp_path / name)


@pytest.mark.parametrize("name", ["x.json", "x.csv", "x.parquet", "x.tar.xz"])
def test_the_pointer_that_stands_for_a_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
    with pytest.raises(InputError, match="git lfs pull"):
        read_boxes(tmp_path / name)


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize("reader", [*SAMPLES])
def test_pointers_among_files_that_were_fetched_are_not_passed_over(tmp_path: Path, reader: str) -> None:
    path, options = SAMPLES[reader](tmp_path)
    folder = path if path.is_dir() else path.parent
    name = f"lost{'.json' if reader == 'huggingface' else READERS[reader].facts['suffixes'][0]}"
    (folder / name).write_text(LFS)
    if reader == "table":  # of tables all have to be read
        with pytest.raises(InputError, match=f"{name}: is the pointer of Git LFS"):
            read_boxes(folder, **options)
        return
    found = read_boxes(folder, **options)
    assert [(row.reason, row.where) for row in found.log.rows] == [(REASON, name)]
    assert not any(name in note for note in found.notes)


def test_folders_of_pointers(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.json").write_text(LFS)
    with pytest.raises(InputError, match="git lfs pull"):
        read_boxes(tmp_path)
    (tmp_path / "data" / "a.json").rename(tmp_path / "data" / "a.png")
    with pytest.raises(InputError, match="pointer of Git LFS"):
        image_size(tmp_path / "data" / "a.png")


def test_a_pipe_is_neither_file_nor_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.csv")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        read_boxes(tmp_path / "x.csv")


@pytest.mark.parametrize(("option", "hint"), [("images", "folder of images"), ("sizes", "COCO JSON file")])
def test_a_place_of_sizes_that_is_not_there_is_an_error_even_where_none_is_needed(
    tmp_path: Path, option: str, hint: str
) -> None:
    path, _ = coco(tmp_path)
    with pytest.raises(InputError, match=hint):
        read_boxes(path, **{option: tmp_path / "none"})


@pytest.mark.parametrize("folders", [False, True])
def test_files_of_one_name_are_told_apart_in_what_is_listed(tmp_path: Path, folders: bool) -> None:
    paths = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        paths.append(tmp_path / name if folders else coco(tmp_path / name)[0])
        if folders:
            coco(tmp_path / name)
    frame = read_boxes(*paths).boxes.collect()
    assert frame["file"].cast(pl.String).to_list() == ["one/boxes.json"] * 3 + ["two/boxes.json"] * 3
    assert rows(frame) == sorted(expected() * 2)
    assert read_boxes(paths[0]).boxes.collect()["file"][0] == "boxes.json"


@pytest.mark.parametrize(("sample", "inside", "suffix"), [(voc, "", "xml"), (yolo, "labels/", "txt")])
def test_images_of_one_name_in_several_paths(
    tmp_path: Path, sample: Callable[[Path], Sample], inside: str, suffix: str
) -> None:
    """Where each image has a file, those of different folders are different ones, as in one folder above them."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        sample(tmp_path / name)
    (tmp_path / "one" / inside / f"a.{suffix}").rename(tmp_path / "one" / inside / f"z.{suffix}")
    found = read_boxes(tmp_path / "one", tmp_path / "two", format=sample.__name__)
    apart = [f"{folder}/{inside}{name}" for folder in ("one", "two") for name in "bc"]
    assert sorted(found.images.collect()["image_id"]) == sorted([*apart, "a", "z"])
    assert sorted(set(found.boxes.collect()["image_id"])) == sorted([apart[0], apart[2], "a", "z"])
    assert "4 images have a name that an image of another path has too" in found.notes[-1]
    again = read_boxes(tmp_path / "one", tmp_path / "one", format=sample.__name__)
    assert sorted(again.images.collect()["image_id"]) == ["b", "b", "c", "c", "z", "z"]
    assert not any("another path" in note for note in again.notes)


def test_an_image_of_one_name_in_files_and_in_a_table_is_one(tmp_path: Path) -> None:
    found = read_boxes(voc(tmp_path / "x")[0], coco(tmp_path)[0])
    assert sorted(found.images.collect()["image_id"]) == ["a", "a", "b", "b", "c", "c"]


@pytest.mark.parametrize("turned", [False, True])
def test_columns_count_for_the_tables_among_several_paths(tmp_path: Path, turned: bool) -> None:
    path, _ = coco(tmp_path)
    (tmp_path / "t.csv").write_text("f,a,b,c,d,kind,part\nz,1,2,3,4,cat,val\n")
    columns = dict(zip(("image_id", "x0", "y0", "x1", "y1", "label"), ("f", "a", "b", "c", "d", "kind"), strict=True))
    paths = [path, tmp_path / "t.csv"][:: -1 if turned else 1]
    found = read_boxes(*paths, columns=columns, split_column="part")
    boxes = found.boxes.collect()
    assert sorted(rows(boxes.filter(pl.col("image_id") != "z"))) == sorted(expected())
    assert boxes.filter(pl.col("image_id") == "z").select("x0", "y1", pl.col("split").cast(pl.String)).rows() == [
        (1.0, 4.0, "val")
    ]
    assert "Columns were named; they are those of tables, not of coco." in found.notes
    for options in ({"columns": columns}, {"split_column": "part"}):
        with pytest.raises(UsageError, match="columns cannot be named for the format coco"):
            read_boxes(path, path, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [["x.csv"], None, 3, pl.DataFrame({"x0": [1]})])
def test_what_is_no_path_is_told_so(wrong: object) -> None:
    for called in (read_boxes, analyze_dataset):
        with pytest.raises(UsageError, match="a path is a text or a Path, and this is") as raised:
            called(wrong)  # type: ignore[operator]
        assert len(str(raised.value)) < 250


def test_what_the_python_api_is_given_by_mistake(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("image,xmin,ymin,xmax,ymax,label,width,height\na,0,0,9,9,cat,20,20\n")
    with pytest.raises(UsageError, match="columns: is no mapping"):
        read_boxes(path, columns="x0=xmin")  # type: ignore[arg-type]
    for called in (inspect, usable_boxes):
        with pytest.raises(InputError, match=r"not its \.boxes"):
            called(read_boxes(path).boxes)  # type: ignore[operator]
    with pytest.raises(InputError, match="Fetch it first"):
        read_boxes("https://example.org/x.csv")


def test_a_folder_of_pictures_is_told_from_one_of_annotations(tmp_path: Path) -> None:
    Image.new("L", (20, 10)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="only pictures here, and no annotations"):
        read_boxes(tmp_path)
    (tmp_path / "a.txt").symlink_to(tmp_path / "gone")
    with pytest.raises(InputError, match=r"links here lead to files that are not there: a\.txt"):
        read_boxes(tmp_path)


@pytest.mark.parametrize("option", ["format", "split", "split_column", "box_convention", "images", "sizes"])
def test_options_that_are_no_texts_are_usage_errors(tmp_path: Path, option: str) -> None:
    path, _ = table(tmp_path)
    with pytest.raises(UsageError, match=f"{option}: 3 is no text"):
        read_boxes(path, **{option: 3})


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", 'the path is empty. The current folder is "."'),
        ("{}" * 4000, "Give the path of the file, not what it holds"),
        ("data/*.xml", "Patterns are left to the shell"),
        ("~/nowhere.csv", "is not put in for ~ here"),
        ("nowhere", "hf://owner/name"),
    ],
)
def test_paths_that_lead_nowhere_have_a_reason(path: str, said: str) -> None:
    with pytest.raises((UsageError, InputError)) as raised:
        read_boxes(path)
    assert said in str(raised.value)


def test_a_path_that_may_not_be_looked_up_is_not_said_to_be_content(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(UsageError, match=r"'locked/x\.csv' cannot be looked up \(Permission denied\)$"):
        read_boxes("locked/x.csv")


@pytest.mark.parametrize("option", ["format", "split", "split_column", "box_convention", "images", "sizes"])
def test_empty_options_are_usage_errors(tmp_path: Path, option: str) -> None:
    """As a path, nothing is the current folder."""
    path, _ = table(tmp_path)
    with pytest.raises(UsageError, match=f"{option}: is empty"):
        read_boxes(path, **{option: ""})  # type: ignore[arg-type]


def test_no_format_is_a_usage_error(tmp_path: Path) -> None:
    path, _ = table(tmp_path)
    with pytest.raises(UsageError, match="format: None is no format"):
        read_boxes(path, format=None)  # type: ignore[arg-type]
