"""Tables: which column is what, every file format, rows that are wanted and no others, bounded memory."""

import json
import random

import numpy as np
import polars as pl
import pyarrow
import pyarrow.parquet
import pytest

from biasscope.core.errors import InputError, UsageError
from biasscope.images import batches, match_labels, open_images, rows
from tests.unit.images.image_samples import coded, frame, noise, write_table


def identity(source):
    """Numbers of the samples' pictures, found by their pixels."""
    known = {np.asarray(noise(number)).tobytes(): number for number in range(40)}
    return [known[picture.pixels.tobytes()] for picture in source]


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".feather", ".stream.arrow"])
@pytest.mark.parametrize("folder", ["plain", "set [1] *?"])
def test_every_format_gives_the_same(tmp_path, suffix, folder):
    (tmp_path / folder).mkdir()
    path, table = tmp_path / folder / f"t{suffix}", frame()
    if suffix == ".parquet":
        table.write_parquet(path, row_group_size=5)
    elif suffix.startswith(".stream"):
        table.write_ipc_stream(path)
    else:
        table.write_ipc(path, record_batch_size=5)
    source = open_images(path)
    assert identity(source) == list(range(12))
    assert [picture.image_id for picture in source] == [f"picture {number}" for number in range(12)]
    assert [picture.label for picture in source] == [number % 3 for number in range(12)]
    assert source.class_names == ("cat", "ant", "bee")
    assert (source.labels, source.highest_label, source.count) == ("integers", 2, 12)
    chosen = identity(open_images(path, limit=4))
    assert chosen == sorted(chosen)
    assert len(chosen) == 4


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_text_tables_name_paths(tmp_path, suffix):
    (tmp_path / "sub").mkdir()
    for number in range(3):
        noise(number).save(tmp_path / "sub" / f"{number}.png")
    table = pl.DataFrame({"path": ["sub/0.png", "sub/2.png", "sub/none.png", None], "label": [4, 2, 1, None]})
    table.write_csv(tmp_path / f"t{suffix}", separator="," if suffix == ".csv" else "\t")
    source = open_images(tmp_path / f"t{suffix}")
    assert identity(source) == [0, 2]
    assert [picture.label for picture in source] == [4, 2]
    assert source.highest_label == 4
    assert [problem.code for problem in source.problems] == ["missing", "unreadable"]


def test_the_path_of_a_text_table_is_no_pattern(tmp_path):
    folder = tmp_path / "set [1] *?"
    folder.mkdir()
    noise(3).save(folder / "a.png")
    (folder / "t.csv").write_text("img,label\na.png,1\n")
    assert identity(open_images(folder / "t.csv")) == [3]


def test_a_text_table_of_paths_alone(tmp_path):
    noise(3).save(tmp_path / "a b.png")
    (tmp_path / "t.csv").write_text('img\n"a b.png"\n')
    (picture,) = open_images(tmp_path / "t.csv")
    assert (picture.image_id, picture.label) == ("row-0", None)
    (tmp_path / "t.csv").write_bytes(b"img,label\n\xff\xfe.png,1\n")
    with pytest.raises(InputError, match=r"t.csv: the table cannot be read"):
        open_images(tmp_path / "t.csv")


def test_numbers_in_text_tables(tmp_path):
    noise(3).save(tmp_path / "a.png")
    text = "file_name,class_id,class_name,x0,y0,x1,y1\na.png, 7,sea,1.5,2,9,10\na.png,2,sky,,2,9,10\n"
    (tmp_path / "t.csv").write_text(text)
    source = open_images(tmp_path / "t.csv")
    assert [(picture.label, picture.box) for picture in source] == [(7, (1.5, 2.0, 9.0, 10.0)), (2, None)]
    assert (source.labels, source.class_names[7], source.class_names[2]) == ("integers", "sea", "sky")


def test_shards_without_a_column_are_named(tmp_path):
    frame(2).write_parquet(tmp_path / "a.parquet")
    frame(2).drop("class_id").write_parquet(tmp_path / "b.parquet")
    with pytest.raises(InputError, match=r"b.parquet: the table cannot be read"):
        open_images(tmp_path)


@pytest.mark.parametrize("kind", ["parquet", "arrow", "stream"])
def test_flipped_bytes_raise_nothing_else(tmp_path, kind):
    path, table = tmp_path / ("t.parquet" if kind == "parquet" else "t.arrow"), frame()
    {"parquet": table.write_parquet, "arrow": table.write_ipc, "stream": table.write_ipc_stream}[kind](path)
    whole, outcomes = path.read_bytes(), set()
    chance = random.Random(kind)  # noqa: S311 (no secret)
    for _ in range(30):
        damaged = bytearray(whole)
        for _ in range(3):
            place = chance.randrange(600)
            damaged[place if chance.random() < 0.5 else -1 - place] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            outcomes.add(len(list(open_images(path))) <= len(table))
        except InputError as error:
            outcomes.add(error.exit_code)
    assert outcomes <= {True, 3}


def test_labels_that_are_names_are_counted_over_all_rows(tmp_path):
    table = frame().drop("class_id").rename({"class_name": "category"})
    table.with_columns(pl.col("category").cast(pl.Categorical)).write_parquet(tmp_path / "t.parquet")
    source = open_images(tmp_path / "t.parquet", limit=2)
    assert (source.class_names, source.labels) == (("ant", "bee", "cat"), "names")
    for picture in source:
        number = int(picture.image_id.split()[1])
        assert source.class_names[picture.label] == ("cat", "ant", "bee")[number % 3]


def test_gaps_and_missing_labels(tmp_path):
    table = frame(4).with_columns(class_id=pl.Series([5, None, -1, 2]), class_name=pl.Series(["a", "b", "c", "d"]))
    table.write_parquet(tmp_path / "t.parquet")
    source = open_images(tmp_path / "t.parquet")
    assert [picture.label for picture in source] == [5, None, None, 2]
    assert source.class_names == ("", "", "d", "", "", "a")
    assert [problem.code for problem in source.problems] == ["bad-label", "bad-label"]


@pytest.mark.parametrize("values", [[None, None], [-1, -1], ["", None]])
def test_a_label_column_without_labels(tmp_path, values):
    frame(2).with_columns(class_id=pl.Series(values)).write_parquet(tmp_path / "t.parquet")
    source = open_images(tmp_path / "t.parquet", label_column="class_id")
    assert [picture.label for picture in source] == [None, None]
    assert (source.labels, source.highest_label, source.class_names, source.problems) == ("", None, None, [])
    assert source.notes[-1] == "There is no label in class_id."
    assert match_labels(source, ("a", "b"), 2)[0] is None


def test_a_number_with_two_names_has_none(tmp_path):
    frame(4).with_columns(class_id=pl.lit(1)).write_parquet(tmp_path / "t.parquet")
    assert open_images(tmp_path / "t.parquet").class_names is None


def test_whole_floats_are_labels_and_others_are_not(tmp_path):
    frame(2).with_columns(class_id=pl.Series([1.0, float("nan")])).write_parquet(tmp_path / "t.parquet")
    assert [picture.label for picture in open_images(tmp_path / "t.parquet")] == [1, None]
    frame(2).with_columns(class_id=pl.Series([1.5, 2.0])).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match=r"1.5 is no class.*label-column"):
        open_images(tmp_path / "t.parquet")


def test_columns_can_be_named(tmp_path):
    table = frame(3).with_columns(second=pl.col("jpeg").reverse(), truth=pl.Series([9, 8, 7]))
    table = table.with_columns(key=pl.Series(["x", "y", "z"]), a=1.0, b=2.0, c=9.0, d=8.0)
    table.write_parquet(tmp_path / "t.parquet")
    named = {"image_column": "second", "label_column": "truth", "id_column": "key", "box_columns": list("abcd")}
    pictures = list(open_images(tmp_path / "t.parquet", **named))
    assert [(picture.image_id, picture.label) for picture in pictures] == [("x", 9), ("y", 8), ("z", 7)]
    assert identity(pictures) == [2, 1, 0]
    assert {picture.box for picture in pictures} == {(1.0, 2.0, 9.0, 8.0)}
    for option in named:
        wrong = list("abce") if option == "box_columns" else "none"
        with pytest.raises(UsageError, match=r"no column.*image_id"):
            open_images(tmp_path / "t.parquet", **{option: wrong})
    with pytest.raises(UsageError, match="four columns"):
        open_images(tmp_path / "t.parquet", box_columns=["a"])


@pytest.mark.parametrize(
    ("convention", "raw"),
    [
        ("edges", (2, 3, 10, 12)),
        ("inclusive0", (2, 3, 9, 11)),
        ("inclusive1", (3, 4, 10, 12)),
        ("xywh", (2, 3, 8, 9)),
        ("fraction", (2 / 20, 3 / 16, 10 / 20, 12 / 16)),
    ],
)
def test_boxes_become_edges(tmp_path, convention, raw):
    corners = dict(zip(("x0", "y0", "x1", "y1"), raw, strict=True))
    frame(1).with_columns(**{key: pl.lit(value) for key, value in corners.items()}).write_parquet(
        tmp_path / "t.parquet"
    )
    (picture,) = open_images(tmp_path / "t.parquet", box_convention=convention)
    assert picture.box == pytest.approx((2, 3, 10, 12))


def test_boxes_that_leave_the_picture(tmp_path):
    boxes = {
        "x0": [-5.0, 30.0, 4.0, None],
        "y0": [0.0, 0.0, 4.0, 1.0],
        "x1": [9.0, 40.0, 4.0, 2.0],
        "y1": [99.0, 5.0, 9.0, 2.0],
    }
    frame(4).with_columns(**{key: pl.Series(values) for key, values in boxes.items()}).write_parquet(
        tmp_path / "t.parquet"
    )
    source = open_images(tmp_path / "t.parquet")
    assert [picture.box for picture in source] == [(0.0, 0.0, 9.0, 16.0), None, None, None]
    assert [(problem.code, problem.used) for problem in source.problems] == [("bad-box", True)] * 3
    with pytest.raises(UsageError, match=r"inclusive0"):
        open_images(tmp_path / "t.parquet", box_convention="coco")


def test_pictures_as_the_datasets_library_writes_them(tmp_path):
    table = pl.DataFrame(
        {"image": [{"bytes": coded(noise(n)), "path": f"{n}.png"} for n in range(3)], "label": [1, 0, 1]}
    )
    arrow = table.to_arrow().replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}}}})}
    )
    pyarrow.parquet.write_table(arrow, tmp_path / "t.parquet")
    source = open_images(tmp_path / "t.parquet")
    assert identity(source) == [0, 1, 2]
    assert (source.class_names, source.labels) == (("no", "yes"), "integers")


def test_a_folder_of_shards_and_its_splits(tmp_path):
    (tmp_path / "data").mkdir()
    frame(12)[:4].write_parquet(tmp_path / "data" / "test-00000-of-00002.parquet")
    frame(12)[4:7].write_parquet(tmp_path / "data" / "test-00001-of-00002.parquet")
    frame(12)[7:].write_parquet(tmp_path / "data" / "train-00000-of-00001.parquet")
    source = open_images(tmp_path)
    assert identity(source) == list(range(7))
    assert source.notes[0] == "The split test was taken; there are test, train."
    assert identity(open_images(tmp_path, split="train")) == list(range(7, 12))
    chosen = identity(open_images(tmp_path, limit=5))
    assert chosen == sorted(set(chosen))
    with pytest.raises(UsageError, match="There are: test, train"):
        open_images(tmp_path, split="val")


def test_ids_that_repeat_are_replaced(tmp_path):
    frame(11).with_columns(image_id=pl.lit("same")).write_parquet(tmp_path / "t.parquet")
    source = open_images(tmp_path / "t.parquet", limit=10_000)
    assert [picture.image_id for picture in source][:2] == ["row-00", "row-01"]
    assert "names several pictures alike" in " ".join(source.notes)


def test_only_wanted_row_groups_are_read_and_in_small_batches(tmp_path, monkeypatch):
    path, seen = write_table(tmp_path), []
    real = pyarrow.parquet.ParquetFile.iter_batches

    def spy(self, size, **options):
        seen.append((size, options["row_groups"], options["columns"]))
        return real(self, size, **options)

    monkeypatch.setattr(pyarrow.parquet.ParquetFile, "iter_batches", spy)
    monkeypatch.setattr(batches, "CHUNK", 2000)
    assert [value[:4] for value in rows.column_values(path, "jpeg", np.array([6, 11]))] == [b"\x89PNG"] * 2
    assert [groups for _, groups, _ in seen] == [[1], [2]]
    assert all(size == 1 and columns == ["jpeg"] for size, _, columns in seen)


@pytest.mark.parametrize("suffix", [".parquet", ".arrow"])
def test_damaged_files_are_named(tmp_path, suffix):
    path = tmp_path / f"pictures{suffix}"
    frame().write_parquet(path) if suffix == ".parquet" else frame().write_ipc(path)
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"\xff" * 100, whole[:-20] + b"\xff" * 20):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=rf"pictures{suffix}: the table cannot be read"):
            list(open_images(path))


def test_damaged_pages_are_named(tmp_path):
    path = tmp_path / "pictures.parquet"
    frame().select("jpeg").write_parquet(path, compression="zstd")
    data = bytearray(path.read_bytes())
    data[4:30] = b"\xff" * 26
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"pictures.parquet: the table cannot be read"):
        list(open_images(path))


def test_tables_without_pictures(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"a": [1], "b": [2.0]}).write_parquet(path)
    with pytest.raises(InputError, match=r"no column holds pictures.*image-column"):
        open_images(path)
    pl.DataFrame({"one": [b"x"], "two": [b"y"]}).write_parquet(path)
    with pytest.raises(InputError, match="several columns hold bytes: one, two"):
        open_images(path)
    frame(1).clear().write_parquet(path)
    with pytest.raises(InputError, match="no rows"):
        open_images(path)
    (tmp_path / "t.csv").write_text("")
    with pytest.raises(InputError, match=r"cannot be read.*"):
        open_images(tmp_path / "t.csv")
    with pytest.raises(InputError, match="no such table"):
        open_images(f"table:{tmp_path / 'none.parquet'}")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"image_column": "y"},
            r"image_column: the column 'y' holds no pictures. There are: img \(bytes\), y \(integer\)",
        ),
        ({"label_column": "img"}, "label_column: the column 'img' holds no classes"),
        ({"stream": True}, "stream has no meaning for this source"),
    ],
)
def test_options_that_do_not_fit_the_columns(tmp_path, options, words):
    pl.DataFrame({"img": [b"x"], "y": [1]}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(UsageError, match=words):
        open_images(tmp_path / "t.parquet", **options)


@pytest.mark.parametrize("option", ["image_column", "label_column", "split"])
def test_options_of_tables_for_scenes(option):
    with pytest.raises(
        UsageError, match=rf"scenes:3: {option} has no meaning for this source .embedded digit scenes.. Leave it out."
    ):
        open_images("scenes:3", **{option: "any"})


@pytest.mark.parametrize(("spec", "words"), [("", "no pictures are named"), ("hf://", "no dataset is named")])
def test_specifications_that_name_nothing(spec, words):
    with pytest.raises(UsageError, match=words):
        open_images(spec)


def test_one_column_for_two_edges_of_a_box():
    with pytest.raises(UsageError, match="box_columns: a column stands there more than once"):
        open_images("t.parquet", box_columns=["x", "y", "x", "y"])
