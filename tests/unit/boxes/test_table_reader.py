import math
from pathlib import Path

import polars as pl
import pytest

from biasscope.boxes import inspect, read_boxes
from biasscope.core.errors import InputError, UsageError
from tests.unit.boxes.box_samples import BOXES, SIZES, expected, kaggle, openimages, rows, sizes_csv, table, table_frame


@pytest.mark.parametrize("name", ["x", "x[1] *?"])
@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet", "arrow", "stream.arrow", "feather"])
def test_kinds_of_files(tmp_path: Path, suffix: str, name: str) -> None:
    path, frame = tmp_path / f"{name}.{suffix}", table_frame()
    match suffix:
        case "csv" | "tsv":
            frame.write_csv(path, separator="," if suffix == "csv" else "\t")
        case "parquet":
            frame.write_parquet(path)
        case "stream.arrow":
            frame.write_ipc_stream(path)
        case _:
            frame.write_ipc(path)
    found = read_boxes(path)
    assert rows(found.boxes.collect()) == expected()
    assert found.images.collect().height == 3


@pytest.mark.parametrize(
    ("names", "wh"),
    [
        (("x0", "y0", "x1", "y1"), False),
        (("XMin", "YMin", "XMax", "YMax"), False),
        (("x1", "y1", "x2", "y2"), False),
        (("left", "top", "right", "bottom"), False),
        (("x", "y", "w", "h"), True),
        (("left", "top", "width", "height"), True),
    ],
)
def test_names_of_the_four_numbers(tmp_path: Path, names: tuple[str, ...], wh: bool) -> None:
    made = [(image, label, x0, y0, x1 - wh * x0, y1 - wh * y0) for image, label, (x0, y0, x1, y1) in BOXES]
    pl.DataFrame(made, schema=["Image", "Category", *names], orient="row").write_csv(tmp_path / "x.csv")
    found = read_boxes(tmp_path / "x.csv")
    assert found.convention == ("xywh" if wh else "edges")
    assert rows(found.boxes.collect()) == expected()


def test_named_columns_and_conventions(tmp_path: Path) -> None:
    made = [
        (image, label, x0 / w, y0 / h, (x1 - x0) / w, (y1 - y0) / h, w, h)
        for image, label, (x0, y0, x1, y1) in BOXES
        for w, h in [SIZES[image]]
    ]
    pl.DataFrame(
        made, schema=["f", "t", "a", "b", "c", "d", "image_width", "image_height"], orient="row"
    ).write_parquet(tmp_path / "x.parquet")
    columns = {"image_id": "f", "label": "t", "x0": "a", "y0": "b", "x1": "c", "y1": "d"}
    wide = read_boxes(tmp_path / "x.parquet", columns=columns, box_convention="xywh").boxes.collect()
    assert wide["x1"][0] == pytest.approx(0.3)
    frame = pl.read_parquet(tmp_path / "x.parquet").with_columns(
        c=pl.col("a") + pl.col("c"), d=pl.col("b") + pl.col("d")
    )
    frame.write_parquet(tmp_path / "y.parquet")
    found = read_boxes(tmp_path / "y.parquet", columns=columns, box_convention="fraction")
    assert rows(found.boxes.collect()) == expected()


@pytest.mark.parametrize(("columns", "error"), [({"x0": "nowhere"}, InputError), ({"zz": "filename"}, UsageError)])
def test_wrong_columns(tmp_path: Path, columns: dict[str, str], error: type[Exception]) -> None:
    path, _ = table(tmp_path)
    with pytest.raises(error, match="There are"):
        read_boxes(path, columns=columns)


def test_columns_are_for_tables(tmp_path: Path) -> None:
    path, options = kaggle(tmp_path)
    with pytest.raises(UsageError, match="kaggle"):
        read_boxes(path, columns={"x0": "a"}, format="kaggle", **options)


def test_missing_columns_are_an_error_that_names_the_option(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("who,xmin,ymin\n1,2,3\n")
    for options in ({"format": "table"}, {}):
        with pytest.raises(InputError, match=r"image_id, x0, y0, x1, y1 among: who, xmin, ymin.*--columns"):
            read_boxes(tmp_path / "x.csv", **options)  # type: ignore[arg-type]


def test_some_corners_named(tmp_path: Path) -> None:
    path, _ = table(tmp_path)
    for named in ({"x0": "xmin"}, {"x1": "xmax", "y1": "ymax", "label": "class"}):
        assert rows(read_boxes(path, columns=named).boxes.collect()) == expected()


@pytest.mark.parametrize("row", ["a, 10 , 20.0,3e1, 60.0", "a,1e1,2e1,3e1,6e1 "])
def test_numbers_with_blanks_around(tmp_path: Path, row: str) -> None:
    (tmp_path / "x.csv").write_text(f"image,xmin,ymin,xmax,ymax,label,width,height\n{row},cat, 100, 80\n")
    assert rows(read_boxes(tmp_path / "x.csv").boxes.collect()) == [expected()[0]]


@pytest.mark.parametrize("odd", ["o,1, 2,30,40 ,cat,100,80", "o,1,2,30,40,cat,100,80 ", 'o,"1 ",2,30,40,cat, 100 ,80'])
def test_blanks_around_numbers_far_inside(tmp_path: Path, odd: str) -> None:
    plain = [f"a{number},1,2,30,40,cat,100,80" for number in range(2500)]
    lines = ["image,xmin,ymin,xmax,ymax,label,width,height", *plain, odd, "b,,,,,,100,80"]
    (tmp_path / "x.csv").write_text("\n".join(lines))
    table = read_boxes(tmp_path / "x.csv")
    last = pl.concat(list(table.batches(1000))).tail(1)
    assert last.select("image_id", "x0", "y0", "x1", "y1", "image_width", "image_height").rows() == [
        ("o", 1, 2, 30, 40, 100, 80)
    ]
    assert table.boxes.collect().height == 2501
    assert not inspect(table).scalar("violations").value
    assert inspect(table).scalar("images_without_objects").value == 1


def test_decimal_commas_with_powers_of_ten(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("image;xmin;ymin;xmax;ymax;label\na;1,0e1;2,0E+01;3,0e1;6,0e1;cat\n")
    assert rows(read_boxes(tmp_path / "x.csv").boxes.collect()) == [expected()[0]]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_encodings_with_a_mark(tmp_path: Path, encoding: str) -> None:
    path, _ = table(tmp_path)
    text = path.read_text().replace("cat", "çat")
    path.write_bytes((b"\xfe\xff" if encoding == "utf-16-be" else b"") + text.encode(encoding))
    found = read_boxes(path, format="table").boxes.collect()
    assert rows(found) == sorted((image, label.replace("cat", "çat"), *rest) for image, label, *rest in expected())


def test_latin_1_is_refused_with_a_way_out(tmp_path: Path) -> None:
    path, _ = table(tmp_path)
    path.write_bytes(path.read_text().replace("cat", "çat").encode("latin-1"))
    with pytest.raises(InputError, match="iconv"):
        read_boxes(path, format="table")


def test_bytes_that_are_not_utf8_far_behind_the_head(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    lines = ["image,xmin,ymin,xmax,ymax,label,width,height\n"] + ["i,1,2,3,4,cat,9,9\n"] * 9000
    path.write_bytes("".join(lines).encode() + b"j,1,2,3,4,\xe7at,9,9\n")
    found = read_boxes(path)
    try:
        result = inspect(found)
    except InputError as error:
        assert "UTF-8" in str(error)  # noqa: PT017 (either is right: refused, or listed)
    else:
        assert result.scalar("boxes").value == 9001
        assert "unlabelled" in result.table("rows")["code"]


def test_what_is_no_number_is_kept_and_listed(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "image,xmin,ymin,xmax,ymax,label,width,height\n"
        "a.jpg,1,2,3,4,cat,9,9\n"
        "a.jpg,one,2,3,4,cat,9,9\n"
        "a.jpg,nan,2,3,4,cat,9,9\n"
        "a.jpg,inf,2,3,4,cat,9,9\n"
        "a.jpg,,,,,cat,9,9\n"
        "a.jpg,5,2,3,4,cat,9,9\n"
        "a.jpg,1,2,3,4\n"
        "b.jpg,,,,,,9,9\n"
        "c.jpg,1,2,3,4,cat,nine,0\n"
    )
    found = read_boxes(path)
    result = inspect(found)
    problems = dict(zip(result.table("problems")["code"], result.table("problems")["count"], strict=True))
    assert {code: count for code, count in problems.items() if count} == {
        "not_finite": 4,
        "degenerate": 1,
        "unlabelled": 1,
        "unknown_size": 2,
    }
    assert result.scalar("boxes").value == 8
    assert result.scalar("images_without_objects").value == 1
    listed = dict(zip(result.table("rows")["where"], result.table("rows")["code"], strict=True))
    assert listed["x.csv:2"] == listed["x.csv:5"] == "not_finite"


UNITS = "image,xmin,ymin,xmax,ymax,width,height\na,1,2,3,4,9,9\nb,1px,2px,3px,4px,9,9\nc,,,,,9,9\nd,,2px,,,9,9\n"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("label", [False, True])
def test_texts_where_numbers_should_be_are_no_image_without_objects(tmp_path: Path, stream: bool, label: bool) -> None:
    path = tmp_path / "x.csv"
    path.write_text(UNITS.replace("\n", ",label\n", 1).replace("9,9\n", "9,9,\n") if label else UNITS)
    found = read_boxes(path, stream=stream)
    batches = pl.concat(found.batches())
    assert batches["image_id"].to_list() == found.boxes.collect()["image_id"].to_list() == ["a", "b", "d"]
    assert batches["row"].to_list() == [1, 2, 4]
    result = inspect(found)
    assert [where for where, code in zip(result.table("rows")["where"], result.table("rows")["code"], strict=True)
            if code == "not_finite"] == ["x.csv:2", "x.csv:4"]  # fmt: skip
    assert (found.without_objects().height, result.scalar("images_without_objects").value) == (1, 1)


def test_texts_far_behind_the_first_numbers_are_found_in_the_right_rows(tmp_path: Path) -> None:
    lines = [f"i{number},1,2,{' ' * (number > 9_000)}3,4,9,9" for number in range(30_000)]
    lines[20_000], lines[25_000], lines[25_001] = "x,1px,2px,3px,4px,9,9", "y,,,,,9,9", "z,-,-,-,-,9,9"
    path, other = tmp_path / "x.csv", tmp_path / "y.parquet"
    path.write_text("image,xmin,ymin,xmax,ymax,width,height\n" + "\n".join(lines) + "\n")
    table_frame().write_parquet(other)
    found = read_boxes(path, other, sizes=sizes_csv(tmp_path))
    frame = pl.concat(found.batches(1000))
    assert frame.height == found.boxes.collect().height == 29_999 + 3
    assert frame["row"].to_list()[:29_999] == [number + 1 for number in range(30_000) if number != 25_000]
    assert frame.filter(pl.col("x0").is_null())["image_id"].to_list() == ["x", "z"]
    assert found.without_objects().height == 2


def test_open_images_with_texts_for_numbers_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("ImageID,LabelName,XMin,XMax,YMin,YMax\na,,10%,20%,30%,40%\nb,/m/01,0.1,0.5,0.2,0.6\nc,,,,,\n")
    assert pl.concat(read_boxes(path).batches())["image_id"].to_list() == ["a", "b"]


def test_split_columns_and_files(tmp_path: Path) -> None:
    frame = table_frame().with_columns(subset=pl.lit("held out"))
    for name in ("train", "val"):
        (tmp_path / name).mkdir()
        frame.write_csv(tmp_path / name / "boxes.csv")
    splits = pl.col("split").cast(pl.String).unique().sort()
    found = read_boxes(tmp_path)
    assert found.boxes.select(splits).collect()["split"].to_list() == ["held out"]
    bare = frame.drop("subset")
    for name in ("train", "val"):
        bare.write_csv(tmp_path / name / "boxes.csv")
    assert read_boxes(tmp_path).boxes.select(splits).collect()["split"].to_list() == ["train", "val"]
    several = read_boxes(tmp_path / "val", tmp_path / "train" / "boxes.csv")
    assert several.boxes.select(splits).collect()["split"].to_list() == ["train", "val"]
    frame.rename({"subset": "label of mine"}).write_csv(tmp_path / "val" / "boxes.csv")
    named = read_boxes(tmp_path / "val" / "boxes.csv", split_column="label of mine")
    assert named.boxes.select(splits).collect()["split"].to_list() == ["held out"]


def test_which_column_is_the_label(tmp_path: Path) -> None:
    frame = pl.DataFrame({"image_id": ["a"], "class_id": [3], "x0": [1], "y0": [1], "x1": [2], "y1": [2]})
    for name, value in (("class_id", "3"), ("synset", "n01"), ("class_name", "cat")):
        made = frame if name in frame.columns else frame.with_columns(pl.lit(value).alias(name))
        made.write_parquet(tmp_path / f"{name}.parquet")
        found = read_boxes(tmp_path / f"{name}.parquet")
        assert found.boxes.collect()["label"].to_list() == [value]
        assert f"label = {name}" in found.notes[0]
        frame = made


@pytest.mark.parametrize(
    ("column", "key", "values"),
    [
        ("class", "label", pl.concat_list("class")),
        ("split", "split", pl.concat_list("xmin")),
        ("iscrowd", "crowd", pl.struct("xmin")),
    ],
)
def test_columns_that_hold_several_values_a_row_are_named(
    tmp_path: Path, column: str, key: str, values: pl.Expr
) -> None:
    table_frame().with_columns(values.alias(column)).write_parquet(tmp_path / "x.parquet")
    message = rf"x.parquet: column '{column}' holds several values a row .*one {key} is wanted.*--columns {key}="
    with pytest.raises(InputError, match=message):
        read_boxes(tmp_path / "x.parquet", format="table")


@pytest.mark.parametrize("values", [pl.struct("xmin"), pl.concat_list("xmin"), pl.date(2026, 1, 1), pl.lit(b"1")])
def test_columns_that_hold_no_numbers_are_named(tmp_path: Path, values: pl.Expr) -> None:
    table_frame().with_columns(xmin=values).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(InputError, match="column 'xmin' holds no numbers"):
        read_boxes(tmp_path / "x.parquet")


def test_a_size_that_is_no_whole_number_is_unknown(tmp_path: Path) -> None:
    table_frame().with_columns(width=pl.col("width") + pl.Series([0.5, 0, 0, 0])).write_csv(tmp_path / "x.csv")
    found = read_boxes(tmp_path / "x.csv").boxes.collect()
    assert found["image_width"].to_list() == [None, 100, 50]
    (tmp_path / "sizes.csv").write_text("image_id,width,height\na,100.5,80\nb,50.0,40\n")
    table_frame().drop("width", "height").write_csv(tmp_path / "x.csv")
    found = read_boxes(tmp_path / "x.csv", sizes=tmp_path / "sizes.csv").boxes.collect()
    assert found["image_width"].to_list() == [None, None, 50]


def test_without_a_column_for_the_class_all_boxes_are_of_one(tmp_path: Path) -> None:
    """As in the competition on wheat heads: image_id, width, height, bbox."""
    path, _ = table(tmp_path)
    pl.read_csv(path).drop("class").write_csv(tmp_path / "y.csv")
    found = read_boxes(tmp_path / "y.csv")
    assert rows(found.boxes.collect()) == sorted((image, "object", *corners) for image, _, *corners in expected())
    assert "--columns label=" in found.notes[0]
    assert inspect(found).scalar("images_without_objects").value == 1


def test_open_images_without_sizes_decimal_commas_and_names(tmp_path: Path) -> None:
    path, options = openimages(tmp_path)
    lines = path.read_text().replace(",cat,", ",/m/01,").splitlines()
    numbers = [line.split(",") for line in lines]
    comma = [",".join(f'"{word.replace(".", ",")}"' if "." in word else word for word in row) for row in numbers]
    path.write_text("\n".join([lines[0], *(row.replace("a,x", "a.jpg,x") for row in comma[1:])]))
    (tmp_path / "class-descriptions-boxable.csv").write_text("/m/01,cat\n/m/02,bird\n")
    assert rows(read_boxes(path, **options).boxes.collect()) == expected()
    bare = read_boxes(path)
    assert bare.boxes.collect()["x1"].max() == 1.0
    assert "fractions" in bare.notes[0]


@pytest.mark.parametrize("described", [True, False])
def test_open_images_without_a_class_are_unlabelled_with_names_or_without(tmp_path: Path, described: bool) -> None:
    path = tmp_path / "x.csv"
    numbers = "0.1,0.5,0.2,0.6"
    path.write_text(
        "ImageID,LabelName,XMin,XMax,YMin,YMax\n"
        + "".join(f"a,{label},{numbers}\n" for label in ("/m/01", "/m/02", '""', "", " "))
    )
    (tmp_path / "class-descriptions-folder.csv").mkdir()
    if described:
        (tmp_path / "class-descriptions-x.csv").write_text('/m/01,cat\n/m/02,""\n')
    labels = read_boxes(path).boxes.collect()["label"].cast(pl.String).to_list()
    assert labels == ["cat" if described else "/m/01", "/m/02", None, None, None]


def test_open_images_flags(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "ImageID,LabelName,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf\n"
        "a,cat,0,.5,0,.5,1,0,1\na,cat,0,.5,0,.5,-1,1,0\na,cat,0,.5,0,.5,,,\n"
    )
    frame = read_boxes(path).boxes.collect()
    assert frame.select("occluded", "truncated", "crowd").rows() == [
        (True, False, True),
        (False, True, False),
        (False, False, False),
    ]


def test_kaggle_rows_that_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "LOC_val_solution.csv"
    path.write_text("ImageId,PredictionString\na,cat 1 2 3 4\nb,cat 1 2\nc,\nd,cat 1 two 3 4 dog 0 0 9 9\n")
    found = read_boxes(path)
    assert found.boxes.collect().select("image_id", "x1", pl.col("split").cast(pl.String)).rows() == [
        ("a", 4.0, "val"),
        ("d", 10.0, "val"),
    ]
    assert [row.where for row in found.log.rows] == ["LOC_val_solution.csv:2", "LOC_val_solution.csv:4"]
    result = inspect(found)
    assert result.scalar("excluded").value == 2
    assert result.scalar("images").value == 3


def test_kaggle_sample_submissions_are_no_solutions(tmp_path: Path) -> None:
    rows = "ImageId,PredictionString\na,cat 1 2 3 4\n"
    (tmp_path / "LOC_sample_submission.csv").write_text(rows + "b,cat 0 0 50 50\n")
    alone = read_boxes(tmp_path / "LOC_sample_submission.csv")  # asked for by name, it is read
    assert alone.boxes.collect()["image_id"].to_list() == ["a", "b"]
    (tmp_path / "LOC_val_solution.csv").write_text(rows)
    found = read_boxes(tmp_path)
    assert found.boxes.collect()["image_id"].to_list() == ["a"]
    assert [path.name for path in found.files] == ["LOC_val_solution.csv"]
    assert [note for note in found.notes if "LOC_sample_submission.csv was left out" in note] == [found.notes[-1]]


@pytest.mark.parametrize("pictures", [False, True])
def test_kaggle_rows_without_an_image(tmp_path: Path, pictures: bool) -> None:
    path = tmp_path / "LOC_val_solution.csv"
    path.write_text("ImageId,PredictionString\na,cat 1 2 3 4\n,cat 1 2 3 4\n ,\n")
    found = read_boxes(path, images=tmp_path) if pictures else read_boxes(path, sizes=sizes_csv(tmp_path))
    assert found.boxes.collect()["image_id"].to_list() == ["a", None]
    assert found.images.collect()["image_id"].to_list() == ["a"]
    listed = inspect(found).table("rows")
    assert ("no_image", "LOC_val_solution.csv:2") in zip(listed["code"], listed["where"], strict=True)


def test_pictures_of_one_name_in_two_folders_have_sizes_of_their_own(tmp_path: Path) -> None:
    from PIL import Image

    for folder, size in (("one", (50, 40)), ("two", (60, 30))):
        (tmp_path / "images" / folder).mkdir(parents=True)
        Image.new("L", size).save(tmp_path / "images" / folder / "0.png")
    lines = [f"{folder}/0.png,1,2,3,4,cat\n" for folder in ("one", "two")]
    (tmp_path / "x.csv").write_text("image,xmin,ymin,xmax,ymax,label\n" + "".join(lines))
    found = read_boxes(tmp_path / "x.csv", images=tmp_path / "images").boxes.collect()
    assert found.select("image_width", "image_height").rows() == [(50, 40), (60, 30)]


def test_a_name_of_several_sizes_has_none(tmp_path: Path) -> None:
    path, options = openimages(tmp_path)
    options["sizes"].write_text("image_id,width,height\ntrain/a.jpg,100,80\nval/a.jpg,90,80\nb,50,40\nx/b.png,50,40\n")
    found = read_boxes(path, **options).boxes.collect()
    assert dict(found.select("image_id", "image_width").rows()) == {"a": None, "b": 50}
    frame = pl.read_csv(options["sizes"]).filter(~pl.col("image_id").str.starts_with("val"))
    frame.write_csv(options["sizes"])
    assert rows(read_boxes(path, **options).boxes.collect()) == expected()


def test_sizes_need_their_columns(tmp_path: Path) -> None:
    path, _ = openimages(tmp_path)
    with pytest.raises(InputError, match="image, width and height"):
        read_boxes(path, sizes=path)
    with pytest.raises(InputError, match="no such file"):
        read_boxes(path, sizes=tmp_path / "none.csv")
    sizes_csv(tmp_path).write_text("image_id,width,height\na,0,nan\nb,50,40\n")
    frame = read_boxes(path, sizes=tmp_path / "table_of_sizes.csv").boxes.collect()
    assert frame["image_width"].to_list() == [None, None, 50]


@pytest.mark.parametrize("kind", [pl.Float32(), pl.Float64()])
def test_a_label_that_is_not_a_number_among_numbers_is_none(tmp_path: Path, kind: pl.DataType) -> None:
    labels = pl.Series("class_id", [1.0, math.nan, None, 2.0], kind)
    frame = pl.DataFrame({"image": ["a"] * 4, "x0": [0, 1, 2, 3], "y0": [0] * 4, "x1": [9] * 4, "y1": [9] * 4})
    frame.with_columns(labels, width=20, height=10).write_parquet(tmp_path / "x.parquet")
    found = read_boxes(tmp_path / "x.parquet")
    assert found.boxes.collect()["label"].cast(pl.String).to_list() == ["1", None, None, "2"]
    assert (inspect(found).scalar("classes").value, inspect(found).scalar("violations").value) == (2, 2)
