"""Columns of tables that name the image and the class: pictures are no names, whole floats are integers."""

from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pytest

from biasscope.boxes import inspect, read_boxes
from biasscope.core.errors import InputError

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF"
CORNERS = {"xmin": [1.0, 2.0], "ymin": [1.0, 2.0], "xmax": [9.0, 9.0], "ymax": [9.0, 9.0]}
SIDES = {"width": [20, 20], "height": [10, 10]}


def written(folder: Path, suffix: str = ".parquet", **columns: Any) -> Path:
    frame, path = pl.DataFrame({**columns, **CORNERS, **SIDES}), folder / f"x{suffix}"
    frame.write_parquet(path) if suffix == ".parquet" else frame.write_ipc(path)
    return path


def words(path: Path, column: str, **options: Any) -> list[str | None]:
    return read_boxes(path, **options).boxes.collect()[column].cast(pl.String).to_list()


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
@pytest.mark.parametrize("picture", [JPEG, {"bytes": JPEG, "path": "other.jpg"}, [1, 2]])
def test_a_picture_is_no_name_where_another_column_has_one(tmp_path: Path, suffix: str, picture: Any) -> None:
    path = written(tmp_path, suffix, image=[picture] * 2, file_name=["a.jpg", "b.jpg"], label=["cat", "dog"])
    assert words(path, "image_id") == ["a", "b"]


@pytest.mark.parametrize("columns", [{}, {"image_id": "image"}])
def test_the_path_of_a_picture_is_its_name(tmp_path: Path, columns: dict[str, str]) -> None:
    path = written(tmp_path, image=[{"bytes": JPEG, "path": f"{name}.jpg"} for name in "ab"], label=["cat", "dog"])
    assert words(path, "image_id", columns=columns) == ["a", "b"]
    assert words(path, "image_id", columns=columns, stream=True) == ["a", "b"]


@pytest.mark.parametrize("columns", [{}, {"image_id": "image"}])
@pytest.mark.parametrize("picture", [JPEG, {"bytes": JPEG, "path": None}, {"bytes": JPEG}])
def test_a_picture_without_a_name_is_an_error_that_says_what_to_do(
    tmp_path: Path, picture: Any, columns: dict[str, str]
) -> None:
    path = written(tmp_path, image=[picture] * 2, number=["a", "b"], label=["cat", "dog"])
    with pytest.raises(InputError, match=r"column 'image' holds no names.*--columns image_id="):
        read_boxes(path, columns=columns)
    assert words(path, "image_id", columns={"image_id": "number"}) == ["a", "b"]


def test_names_that_are_stored_as_bytes(tmp_path: Path) -> None:
    assert words(written(tmp_path, image=[b"a.jpg", b"b.jpg"], label=["cat", "dog"]), "image_id") == ["a", "b"]


@pytest.mark.parametrize("stream", [False, True])
def test_classes_have_the_names_that_the_library_stored(tmp_path: Path, stream: bool) -> None:
    """One box a row, so a table; -1 is no class, and a number without a name stays what it is."""
    number = datasets.Value("int64")
    kinds = {"image_id": number, "bbox": datasets.List(datasets.Value("float64")), "width": number, "height": number}
    features = datasets.Features({**kinds, "label": datasets.ClassLabel(names=["cat", " dog"])})
    rows = [
        {"image_id": row, "bbox": [1.0, 2, 3, 4], "width": 9, "height": 9, "label": label}
        for row, label in enumerate([1, 0, -1, None])
    ]
    datasets.Dataset.from_list(rows, features=features).to_parquet(str(tmp_path / "x.parquet"))
    assert read_boxes(tmp_path / "x.parquet").format == "table"
    assert words(tmp_path / "x.parquet", "label", stream=stream) == ["dog", "cat", None, None]


def test_a_class_with_its_number_has_its_name(tmp_path: Path) -> None:
    path = written(tmp_path, image=["a", "b"], category=[{"id": 1, "name": "car"}, {"id": 2, "name": "bus"}])
    assert words(path, "label") == ["car", "bus"]
    path = written(tmp_path, image=["a", "b"], category=[["car"], ["bus"]])
    with pytest.raises(InputError, match=r"column 'category' holds no classes.*--columns label="):
        read_boxes(path)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_whole_floats_are_integers(tmp_path: Path, suffix: str) -> None:
    """As pandas writes a column of integers of which one is missing."""
    ids, labels = [12.0, 7.0, 1e300], [0.0, None, 10.0]
    frame = pl.DataFrame({"image_id": ids, "label": labels, "xmin": 1, "ymin": 1, "xmax": 9, "ymax": 9})
    if suffix == "csv":
        frame = frame.head(2)
        frame.write_csv(tmp_path / "x.csv")
    else:
        frame.write_parquet(tmp_path / "x.parquet")
    path = tmp_path / f"x.{suffix}"
    assert words(path, "label") == ["0", None, "10"][: frame.height]
    assert words(path, "image_id")[:2] == ["12", "7"]
    for sizes in (pl.DataFrame({"image_id": [12, 7]}), pl.DataFrame({"image_id": [12.0, 7.0]})):
        for name in ("s.csv", "s.parquet"):
            sized = sizes.with_columns(width=20, height=10)
            sized.write_csv(tmp_path / name) if name == "s.csv" else sized.write_parquet(tmp_path / name)
            assert words(path, "image_width", sizes=tmp_path / name)[:2] == ["20", "20"]


@pytest.mark.parametrize(("given", "read"), [(["1.0", "1.10"], ["1.0", "1.10"]), (["1.0", "2.00"], ["1", "2"])])
def test_texts_stay_where_one_is_no_whole_float(tmp_path: Path, given: list[str], read: list[str]) -> None:
    made = "".join(f"{label},1,1,9,9,{label},20,10\n" for label in given)
    (tmp_path / "x.csv").write_text(f"image_id,xmin,ymin,xmax,ymax,label,width,height\n{made}")
    assert words(tmp_path / "x.csv", "label") == words(tmp_path / "x.csv", "image_id") == read
    assert words(written(tmp_path, image=given, label=given), "label") == given  # there a text is one
    assert inspect(read_boxes(tmp_path / "x.csv")).scalar("classes").value == 2


def test_splits_in_a_column_are_called_as_in_paths(tmp_path: Path) -> None:
    given = ["train", "Validation", "valid", "dev", "fold 1", "", "testing"]
    lines = "".join(f"{row},{split},1,1,9,9,cat,20,10\n" for row, split in enumerate(given))
    (tmp_path / "x.csv").write_text(f"image,split,xmin,ymin,xmax,ymax,label,width,height\n{lines}")
    assert words(tmp_path / "x.csv", "split") == ["train", "val", "val", "dev", "fold 1", None, "test"]
