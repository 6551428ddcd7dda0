"""What cannot be read is an error with its place, or a listed row: never left out in silence."""

import io
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.boxes import READERS, BoxTable, inspect, read_boxes
from biasscope.boxes.tables.quotes import bad_lines
from biasscope.core.errors import InputError, UsageError
from tests.unit.boxes.box_samples import (
    SAMPLES,
    coco,
    coco_dict,
    cvat,
    expected,
    huggingface,
    rows,
    table,
    table_frame,
    voc,
)

HEADER = "image,xmin,ymin,xmax,ymax,label,width,height\n"


def problems(found: BoxTable) -> dict[str, list[str]]:
    """Places of the rows of each problem."""
    listed = inspect(found).table("rows")
    return {
        code: [where for where, other in zip(listed["where"], listed["code"], strict=True) if other == code]
        for code in listed["code"]
    }


def csv_file(folder: Path, text: str, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes((HEADER + text).encode())
    return path


def test_half_a_character_is_replaced_and_listed(tmp_path: Path) -> None:
    made = coco_dict()
    made["categories"][0]["name"], made["images"][0]["file_name"] = "c\ud800t", "\udfffa.jpg"
    path = tmp_path / "x.json"
    for order in (("images", "annotations", "categories"), ("annotations", "images", "categories")):
        path.write_text(json.dumps({key: made[key] for key in order}))
        found = read_boxes(path)
        frame = found.boxes.collect()
        assert set(frame["label"].cast(pl.String)) == {"c\ufffdt", "dog"}
        assert "\ufffda" in frame["image_id"].to_list()
        assert [row.where for row in found.log.rows] == ["x.json:categories:1"]


def test_a_second_format_in_a_folder_is_an_error(tmp_path: Path) -> None:
    coco(tmp_path)
    table(tmp_path)
    with pytest.raises(InputError, match=r"boxes.csv looks like the format table.*--format-in"):
        read_boxes(tmp_path)
    assert "boxes.csv" in read_boxes(tmp_path, format="coco").notes[-1]


def test_a_second_format_behind_many_other_files(tmp_path: Path) -> None:
    coco(tmp_path)
    for number in range(60):
        (tmp_path / f"a{number}.json").write_text("[1]")
    table_frame().write_parquet(tmp_path / "z.parquet")
    with pytest.raises(InputError, match=r"boxes\.json looks like the format coco"):
        read_boxes(tmp_path)


def test_two_formats_of_one_suffix(tmp_path: Path) -> None:
    cvat(tmp_path)
    voc(tmp_path / "x")
    with pytest.raises(InputError, match="looks like"):
        read_boxes(tmp_path / "x", tmp_path)


def test_files_that_are_no_annotations_are_named_in_a_note(tmp_path: Path) -> None:
    coco(tmp_path)
    for number in range(7):
        (tmp_path / f"other{number}.json").write_text("[1]")
    (tmp_path / "readme.txt").write_text("Read me")
    found = read_boxes(tmp_path)
    assert rows(found.boxes.collect()) == expected()
    assert "other0.json" in found.notes[-1]
    assert "and 2 more" in found.notes[-1]
    assert "readme" not in found.notes[-1]


@pytest.mark.parametrize("quoted", ['"open,1,2,3,4,cat,9,9', 'a,1,2,3,4,12" wheel,9,9', 'a,1,2,3,4,"open,9,9'])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_an_unclosed_quote_costs_its_row_only(tmp_path: Path, quoted: str, place: int) -> None:
    lines = [f"i{number},1,2,3,4,cat,9,9" for number in range(3)]
    lines.insert(place, quoted)
    found = read_boxes(csv_file(tmp_path, "\n".join(lines) + "\n"))
    frame = found.boxes.collect()
    assert frame["image_id"].to_list() == ["i0", "i1", "i2"]
    assert frame["row"].to_list() == [row for row in (1, 2, 3, 4) if row != place + 1]
    assert problems(found) == {"unreadable": [f"x.csv:{place + 1}"]}


def test_no_row_is_lost_behind_stray_quotes(tmp_path: Path) -> None:
    """An even number of lines with one quote each: polars would take what is between them for one field."""
    lines = [f"i{number},1,2,3,4,{'12' + chr(34) if number % 500 == 7 else 'cat'},9,9\n" for number in range(100_000)]
    found = read_boxes(csv_file(tmp_path, "".join(lines)))
    assert found.boxes.select(pl.len()).collect().item() == 100_000 - 200
    assert found.log.counts.total() == 200


FIELDS = st.sampled_from(["a", "", '"a"', '"a,b"', '"a\nb"', '"say ""a"""', '""', 'b"', '"c', 'a"b"c', ' "d"'])


@given(st.lists(st.lists(FIELDS, min_size=1, max_size=3), max_size=8))
def test_sound_rows_are_never_bad(records: list[list[str]]) -> None:
    lines = [",".join(record) for record in records]
    odd = [line for line in lines if any(field in ('b"', '"c') for field in line.split(","))]
    found = list(bad_lines(io.BytesIO("".join(line + "\n" for line in lines).encode()), b","))
    assert bool(odd) or not found


def test_too_many_fields_and_no_image_are_listed(tmp_path: Path) -> None:
    text = "a,1,2,3,4,cat,9,9,\na,1,2,3,5,cat,9,9,10,11\n,1,2,3,6,cat,9,9\n  ,1,2,3,7,cat,9,9\n,,,,,,,\n"
    found = read_boxes(csv_file(tmp_path, text))
    assert problems(found) == {"not_finite": ["x.csv:2"], "no_image": ["x.csv:3", "x.csv:4"]}
    result = inspect(found)
    assert (result.scalar("boxes").value, result.scalar("excluded").value) == (4, 3)


@pytest.mark.parametrize("kind", ["cr", "gz", "tsv.gz"])
def test_other_line_ends_and_compression(tmp_path: Path, kind: str) -> None:
    import gzip

    text = table(tmp_path)[0].read_bytes()
    path = tmp_path / ("x.csv" if kind == "cr" else f"x.{'csv.gz' if kind == 'gz' else kind}")
    text = text.replace(b",", b"\t") if kind == "tsv.gz" else text
    path.write_bytes(text.replace(b"\n", b"\r") if kind == "cr" else gzip.compress(text))
    assert rows(read_boxes(path).boxes.collect()) == expected()
    if kind != "cr":
        path.write_bytes(path.read_bytes()[:-9])
        with pytest.raises(InputError):
            inspect(read_boxes(path, format="table"))


def test_the_finding_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("image,xmin,ymin,xmax,ymax,label\na,1,2,3,4,cat\n")
    assert "give --images or --sizes" in inspect(read_boxes(path)).finding
    made = coco_dict()
    for missing, why in (("images", "unknown image"), ("categories", "unknown category")):
        (tmp_path / "y.json").write_text(json.dumps({key: made[key] for key in made if key != missing}))
        assert f"annotation of an {why} (3)" in inspect(read_boxes(tmp_path / "y.json")).finding
    (tmp_path / "y.json").write_text('{"images": [], "annotations": [], "categories": []}')
    assert inspect(read_boxes(tmp_path / "y.json")).finding == "The input holds no boxes."


@pytest.mark.parametrize("name", ["0.csv", "z.csv"])
@pytest.mark.parametrize("reader", [*SAMPLES])
def test_a_table_of_something_else_in_the_folder_is_named_and_not_read(tmp_path: Path, reader: str, name: str) -> None:
    path, options = SAMPLES[reader](tmp_path)
    folder = path if path.is_dir() else path.parent
    (folder / name).write_text("id,class\n0,cat\n")
    found = read_boxes(folder, **options)
    assert rows(found.boxes.collect()) == expected()
    why = "no columns of boxes were found in them" if reader == "table" else f"they are not {reader}"
    assert any(note.startswith(f"Not read, as {why}: {name}.") for note in found.notes)


def test_tables_of_boxes_that_lack_something_are_errors_all_the_same(tmp_path: Path) -> None:
    table(tmp_path)
    csv_file(tmp_path, "a,1,2,3,4,cat,9,9\n", "y.csv")
    columns = {"x0": "xmin", "y0": "ymin", "x1": "xmax", "y1": "bottom"}
    with pytest.raises(InputError, match="has no column 'bottom'"):
        read_boxes(tmp_path, columns=columns)
    (tmp_path / "y.csv").write_text("xmin,ymin,xmax,ymax\n1,2,3,4\n")
    with pytest.raises(InputError, match=r"y\.csv: no column was found for image_id"):
        read_boxes(tmp_path)
    (tmp_path / "y.csv").write_bytes(b"")
    with pytest.raises(InputError, match=r"y\.csv: the file is empty"):
        read_boxes(tmp_path)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a.jpg,1,2,3,4,cat\n", "Its first line holds values"),
        ("boxes of mine\nimage,xmin,ymin,xmax,ymax\na,1,2,3,4\n", "Its line 2 looks like the line of names"),
        ("image,x_center,y_center,w,h\na,2,3,2,2\n", "x_center and y_center look like centres"),
        ("image,xmin,ymin,xmax\na,1,2,3\n", "Name them"),
    ],
)
def test_tables_that_were_to_have_boxes_are_errors_beside_others(tmp_path: Path, text: str, hint: str) -> None:
    table(tmp_path)
    (tmp_path / "val.csv").write_text(text)
    with pytest.raises(InputError, match=r"val\.csv: no column was found for") as caught:
        read_boxes(tmp_path)
    assert (caught.value.hint or "").startswith(hint)
    (tmp_path / "val.csv").write_text("image,x,y,z,w\na,1,2,3,4\n")  # poses of a camera
    assert read_boxes(tmp_path).notes[-1].startswith("Not read, as no columns of boxes were found in them: val.csv.")


def test_tables_beside_parquet_files_with_lists_of_boxes(tmp_path: Path) -> None:
    lists = pl.DataFrame({"image_id": ["a"], "bboxes": [[[1.0, 2.0, 3.0, 4.0]]]})
    lists.write_parquet(tmp_path / "m.parquet")
    for name in ("a", "z"):
        pl.DataFrame({"id": [1]}).write_parquet(tmp_path / f"{name}.parquet")
        found = read_boxes(tmp_path)
        assert (found.boxes.collect().height, [path.name for path in found.files]) == (1, ["m.parquet"])
        assert found.notes[-1] == f"Not read, as they are not huggingface: {name}.parquet."
        (tmp_path / f"{name}.parquet").unlink()
    table(tmp_path)
    with pytest.raises(InputError, match=r"boxes\.csv looks like the format table, other files like huggingface"):
        read_boxes(tmp_path)


def test_a_damaged_parquet_file_beside_lists_of_boxes_is_an_error(tmp_path: Path) -> None:
    pl.DataFrame({"image_id": ["a"], "bboxes": [[[1.0, 2.0, 3.0, 4.0]]]}).write_parquet(tmp_path / "train.parquet")
    data = (tmp_path / "train.parquet").read_bytes()
    (tmp_path / "val.parquet").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError):
        read_boxes(tmp_path)


def test_an_empty_table_beside_another_format_is_named(tmp_path: Path) -> None:
    voc(tmp_path)
    (tmp_path / "x.csv").write_text("")
    assert read_boxes(tmp_path).notes[-1] == "Not read, as they are not voc: x.csv."


def test_a_missing_size_is_no_other_size(tmp_path: Path) -> None:
    text = (
        "a,1,2,3,4,cat,9,9\na,1,2,3,5,cat,,\na,1,2,3,6,cat,9,9\nb,1,2,3,6,cat,,\nb,1,2,3,6,cat,8,8\nb,1,2,3,7,cat,9,8\n"
    )
    found = read_boxes(csv_file(tmp_path, text))
    assert problems(found) == {
        "unknown_size": ["x.csv:2", "x.csv:4"],  # the second is a copy of the next row, which stays
        "size_conflict": ["x.csv:6"],
    }
    assert inspect(found).scalar("images").value == 2


@pytest.mark.parametrize("reader", [name for name in READERS if name not in ("table", "huggingface")])
def test_columns_of_formats_without_columns(tmp_path: Path, reader: str) -> None:
    path, options = SAMPLES[reader](tmp_path)
    with pytest.raises(UsageError, match="--split-column"):
        read_boxes(path, split_column="x", **options)


@pytest.mark.parametrize(
    "options",
    [
        {"columns": {"image_id": "none"}},
        {"columns": {"objects": "none"}},
        {"columns": {"label": "none"}},
        {"columns": {"x0": "width"}},
        {"split_column": "none"},
    ],
)
def test_columns_of_a_hub_dataset(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="There are"):
        read_boxes(huggingface(tmp_path)[0], **options)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("error")
def test_numbers_that_overflow_are_listed(tmp_path: Path) -> None:
    made = coco_dict()
    made["annotations"][0]["bbox"] = [1e308, 0, 1e308, 5]
    (tmp_path / "x.json").write_text(json.dumps(made))
    assert problems(read_boxes(tmp_path / "x.json")) == {"not_finite": ["x.json:1"]}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.json", json.dumps(coco_dict()).encode("utf-16"), "UTF-16"),
        ("x.json", b"[" * 100_000, "nested too deeply"),
        ("x.xml", b"<a>" * 100_000, "nested too deeply"),
        ("x.csv", (HEADER.strip() + "\r" * 3).encode() + b"a,1\r" * 3000 + b"\n", "x.csv"),
    ],
)
def test_errors_are_short_and_say_why(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    try:
        inspect(read_boxes(tmp_path / name))
    except InputError as error:
        assert message in str(error)  # noqa: PT017
        assert len(str(error)) < 600  # noqa: PT017
    else:
        assert name == "x.csv"


@pytest.mark.parametrize("reader", [name for name in READERS if name != "kaggle"])
def test_blanks_around_names(reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = (("a", " cat ", (10.0, 20.0, 30.0, 60.0)), ("b", "  ", (5.0, 4.0, 25.0, 20.0)))
    monkeypatch.setattr("tests.unit.boxes.box_samples.CLASSES", (" cat ", "  "))
    monkeypatch.setattr("tests.unit.boxes.box_samples.BOXES", boxes)
    path, options = SAMPLES[reader](tmp_path)
    if reader == "yolo":
        (tmp_path / "data.yaml").write_text("names: [' cat ', '  ']\n")
    labels = read_boxes(path, format=reader, **options).boxes.collect()["label"].cast(pl.String)
    assert sorted(labels.to_list(), key=str) == [None, "cat"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("empty", ["", "d,,,,,,100,80\n"])
def test_text_behind_a_quoted_field_is_a_listed_row(tmp_path: Path, empty: str, stream: bool) -> None:
    text = f'a,1,2,30,40,q,100,80\nb,"x"y,2,30,40,q,100,80\n{empty}c,1,2,30,40,"q",100,80\n'
    found = read_boxes(csv_file(tmp_path, text), stream=stream)
    assert found.boxes.collect()["image_id"].drop_nulls().to_list() == ["a", "c"]
    assert [(row.reason, row.where) for row in found.log.rows] == [("text follows a quoted field", "x.csv:2")]
