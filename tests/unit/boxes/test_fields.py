"""Texts mended a piece at a time are what mending them value by value gives."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.boxes import inspect, read_boxes
from biasscope.boxes.files.names import IMAGE_SUFFIXES
from biasscope.boxes.tables.fields import classes, image_name, plain_names, stripped, text

STEM = st.text(alphabet="aé .\\/-\n\t", max_size=6)
SUFFIXES = st.sampled_from(
    ["", ".", ".jpg", ".JPG", ".jPeG", ".png", ".txt", ".jpg.png", "jpg", *sorted(IMAGE_SUFFIXES)]
)
NAMES = st.lists(st.none() | st.tuples(STEM, SUFFIXES).map("".join), max_size=8)
ONE_SUFFIX = SUFFIXES.flatmap(lambda own: st.lists(st.none() | STEM.map(lambda stem: stem + own), max_size=8))


def plain(name: str | None) -> str | None:
    """Name without the suffix of an image file, one name at a time."""
    if name is None:
        return None
    name = name.strip()
    base, dot, suffix = name.rpartition(".")
    return (base if dot and f".{suffix.lower()}" in IMAGE_SUFFIXES else name) or None


@given(NAMES | ONE_SUFFIX)
def test_names(names: list[str | None]) -> None:
    series = pl.Series("x", names, pl.String)
    wanted = [plain(name) for name in names]
    assert plain_names(series).to_list() == wanted
    frame = series.to_frame().lazy()
    for engine in ("in-memory", "streaming"):
        assert frame.select(image_name(pl.col("x"), pl.String())).collect(engine=engine)["x"].to_list() == wanted


@given(NAMES)
def test_words(words: list[str | None]) -> None:
    series = pl.Series("x", words, pl.String)
    wanted = [None if word is None else word.strip() or None for word in words]
    assert stripped(series).to_list() == wanted
    assert series.to_frame().select(text(pl.col("x"), pl.String())).cast(pl.String)["x"].to_list() == wanted


def test_numbers_as_classes() -> None:
    frame = pl.DataFrame({"x": [3, None, -1]})
    assert frame.select(text(pl.col("x"), pl.Int64())).cast(pl.String)["x"].to_list() == ["3", None, "-1"]


def test_images_without_objects_come_from_the_pass_over_the_boxes(tmp_path: Path) -> None:
    head = "image,split,label,xmin,ymin,xmax,ymax,width,height\n"
    full, bare = "a.jpg,{},cat,1,1,5,5,9,9\n", "{},{},,,,,,9,9\n"
    lines = [full.format("train"), bare.format("b.jpg", "train"), bare.format("b.png", "train")]
    lines += [bare.format("b", "val"), bare.format("", "val"), bare.format("a", "train"), full.format("val")]
    (tmp_path / "one.csv").write_text(head + "".join(lines))
    (tmp_path / "two.csv").write_text(head + bare.format("c.jpg", "train") + bare.format("b.jpg", "train"))
    for stream in (False, True):
        table = read_boxes(tmp_path, stream=stream)
        scanned = table.without_objects().height
        boxes = pl.concat(list(table.batches(2)))
        assert boxes.select("image_id", "row").rows() == [("a", 1), ("a", 7)]
        assert table.without_objects().height == scanned == 4
        assert inspect(table).scalar("images_without_objects").value == 3  # a of train has a box as well


def test_a_pass_that_was_not_finished_says_nothing(tmp_path: Path) -> None:
    frame = pl.DataFrame({"image": ["a", "b", "c", "d"], "label": ["x", None, "x", None]})
    corners = {name: [1.0, None, 1.0, None] for name in ("xmin", "ymin", "xmax", "ymax")}
    frame.with_columns(**{name: pl.Series(values) for name, values in corners.items()}).write_csv(tmp_path / "x.csv")
    table = read_boxes(tmp_path / "x.csv")
    next(iter(table.batches(1)))
    assert table.without_objects().height == 2
    whole = read_boxes(tmp_path / "x.csv", tmp_path / "x.csv")
    assert sum(batch.height for batch in whole.batches()) == 4
    assert whole.without_objects().height == 2


@given(st.lists(st.none() | st.sampled_from(["cat", "dog", " cat", "", " "]), max_size=6))
def test_classes_whatever_was_seen_before(words: list[str | None]) -> None:
    pl.Series(["", " cat", "owl"]).cast(pl.Categorical)
    wanted = [None if word is None else word.strip() or None for word in words]
    assert classes(pl.Series(words, dtype=pl.String)).cast(pl.String).to_list() == wanted


def test_large_floats_are_written_as_the_integers_that_they_are() -> None:
    values = [1.0, 1e15, 1e15 + 0.5, 1e16, -1e17, float("nan"), None]
    wanted = ["1", "1000000000000000", "1000000000000000.5", "10000000000000000", "-100000000000000000"]
    frame = pl.DataFrame({"a": values})
    for made in (image_name(pl.col("a"), pl.Float64()), text(pl.col("a"), pl.Float64())):
        assert frame.select(made.cast(pl.String)).to_series().to_list() == [*wanted, None, None]


@pytest.mark.parametrize("kind", [pl.Float32, pl.Float64])
def test_large_floats_are_written_in_digits(kind: type[pl.DataType]) -> None:
    values = [2.0, 2.0**24, 2.0**50, 2.0**60, -(2.0**70), 2.0**100, None]
    words = [None if value is None else str(int(value)) for value in values]
    frame = pl.DataFrame({"x": pl.Series(values, dtype=kind)})
    assert frame.select(image_name(pl.col("x"), kind())).to_series().to_list() == words
    assert frame.select(text(pl.col("x"), kind()).cast(pl.String)).to_series().to_list() == words
    half = frame.select(text(pl.lit(2.0**45 + 0.5), pl.Float64()).cast(pl.String)).item()
    assert half == "35184372088832.5"
