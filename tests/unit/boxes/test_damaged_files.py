"""Files that are damaged inside: what can be read of them is never taken for all of them."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from biasscope.analyze import main
from biasscope.boxes import inspect, read_boxes
from biasscope.boxes.schema import CORNERS
from biasscope.core.errors import InputError

ROWS, GROUP = 3000, 1000
COUNT, FEWER = b"\x16\xd0\x0f", b"\x16\xd0\x0e"
"""1000 and 936 as numbers of rows in the footer of a Parquet file, the last of which is that of the last row group."""


def frame() -> pl.DataFrame:
    numbers = dict(zip(("xmin", "ymin", "xmax", "ymax"), (0.0, 0.0, 1.0, 1.0), strict=True))
    names = pl.Series("image", [f"i{number}" for number in range(ROWS)])
    columns = {key: pl.lit(value) for key, value in numbers.items()} | {"width": pl.lit(9), "height": pl.lit(9)}
    return names.to_frame().with_columns(label=pl.lit("cat"), **columns)


def short(folder: Path) -> Path:
    """Parquet whose last row group says that it has 64 rows fewer than the file counts."""
    path = folder / "short.parquet"
    frame().write_parquet(path, row_group_size=GROUP)
    head, found, tail = path.read_bytes().rpartition(COUNT)
    assert found
    path.write_bytes(head + FEWER + tail)
    assert pl.read_parquet(path).height == ROWS - 64
    return path


@pytest.mark.parametrize("stream", [False, True])
def test_rows_that_a_file_counts_and_does_not_give(tmp_path: Path, stream: bool) -> None:
    path = short(tmp_path)
    for options in ({}, {"images": tmp_path}):
        with pytest.raises(InputError, match=r"short.parquet: is damaged: only 2,936 of 3,000 rows"):
            inspect(read_boxes(path, stream=stream, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
@pytest.mark.parametrize("among", [False, True])
def test_a_byte_far_inside_that_is_not_utf8_is_named_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, among: bool
) -> None:
    monkeypatch.setattr("biasscope.boxes.tables.damage.BLOCK", 4096)
    header = b"image,xmin,ymin,xmax,ymax,label,width,height\n"
    before = header + "".join(f"é{number:05},0,0,1,1,cat,9,9\n" for number in range(9000)).encode()
    data = before + b"x,0,0,1,1,caf\xe9,9,9\n" + b"y,0,0,1,1,cat,9,9\n" * 9000
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    if among:
        frame().write_csv(tmp_path / "sound.csv")
    place = len(before) + len(b"x,0,0,1,1,caf")
    with pytest.raises(InputError, match=rf"{name}: is not UTF-8 in line 9,002 \(byte {place}\)\. .*iconv"):
        inspect(read_boxes(tmp_path if among else tmp_path / name))


@pytest.mark.parametrize("beside", ["sound.parquet", "sound.csv"])
def test_a_damaged_file_among_several_paths(tmp_path: Path, beside: str) -> None:
    other = tmp_path / beside
    frame().write_parquet(other) if other.suffix == ".parquet" else frame().write_csv(other)
    with pytest.raises(InputError, match="is damaged"):
        inspect(read_boxes(other, short(tmp_path)))


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow"])
@pytest.mark.parametrize("left", [0, 1])
def test_a_library_that_ends_early_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, left: int
) -> None:
    path, whole = tmp_path / name, pl.LazyFrame.collect_batches
    frame().write_parquet(path) if name == "x.parquet" else frame().write_ipc(path)
    found = read_boxes(path)
    assert inspect(found).scalar("boxes").value == ROWS

    def ending(self: pl.LazyFrame, **options: Any) -> Iterator[pl.DataFrame]:
        batches = whole(self, **options | {"chunk_size": GROUP})
        yield from (batch for place, batch in enumerate(batches) if place < left)

    monkeypatch.setattr(pl.LazyFrame, "collect_batches", ending)
    with pytest.raises(InputError, match=f"only {left * GROUP:,} of 3,000 rows"):
        inspect(found)


def test_pictures_give_sizes_to_rows_with_and_without_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    from biasscope.boxes.sizes import rows as rowsizes

    for name in ("a", "b"):
        Image.new("L", (20, 10)).save(tmp_path / f"{name}.png")
    asked: list[Any] = []
    monkeypatch.setattr(rowsizes, "read_sizes", lambda files, images, log: asked.extend(images) or [(20, 10)] * 2)
    path = tmp_path / "x.csv"
    path.write_text("image,xmin,ymin,xmax,ymax,label\na,0,0,9,9,cat\nb,,,,,\na,0,0,8,9,cat\n")
    found = read_boxes(path, images=tmp_path)
    assert sorted(asked) == [("a", None), ("b", None)]  # each once
    assert found.boxes.select(*CORNERS, "image_width").collect().rows() == [(0, 0, 9, 9, 20), (0, 0, 8, 9, 20)]
    assert sorted(found.images.collect().rows()) == [("a", None, 20, 10), ("b", None, 20, 10)]
    result = inspect(found)
    assert (result.scalar("images").value, result.scalar("images_without_objects").value) == (2, 1)


BOXES = "a,0,0,9,9,cat\n"
DAMAGES = {
    "text lengths": pl.exceptions.ComputeError("parquet: String data does not match given length"),
    "a panic": pl.exceptions.PanicException("assertion failed: offset + length <= self.length"),
    "compression": OSError("LZ4 error: ERROR_decompressionFailed"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_table_of_sizes_is_an_error_of_the_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    boxes, sizes = tmp_path / "x.csv", tmp_path / "sizes.parquet"
    boxes.write_text("image,xmin,ymin,xmax,ymax,label\n" + BOXES)
    pl.DataFrame({"image": ["a"], "width": [20], "height": [10]}).write_parquet(sizes)

    def raising(self: pl.LazyFrame, **_: Any) -> pl.DataFrame:
        raise DAMAGES[damage]

    monkeypatch.setattr(pl.LazyFrame, "collect", raising)
    with pytest.raises(InputError, match=r"sizes.parquet: cannot be read as a table of sizes: "):
        read_boxes(boxes, sizes=sizes)


def test_a_table_of_sizes_has_all_the_rows_it_counts(tmp_path: Path) -> None:
    boxes = tmp_path / "x.csv"
    boxes.write_text("image,xmin,ymin,xmax,ymax,label\n" + BOXES)
    with pytest.raises(InputError, match=r"short.parquet: is damaged: only 2,936 of 3,000 rows"):
        read_boxes(boxes, sizes=short(tmp_path))


@pytest.mark.parametrize("stream", [False, True])
def test_compressed_arrow_with_damaged_columns(tmp_path: Path, stream: bool) -> None:
    path = tmp_path / "x.arrow"
    frame().write_ipc(path, compression="lz4")
    data = path.read_bytes()
    place = data.index(b"\x04\x22\x4d\x18") + 7  # behind the mark of the first LZ4 frame
    path.write_bytes(data[:place] + b"\xff" * 64 + data[place + 64 :])
    with pytest.raises(InputError, match=r"x.arrow: cannot be read as a table of boxes: "):
        inspect(read_boxes(path, stream=stream))


@pytest.mark.filterwarnings("ignore")
def test_a_panic_of_the_library_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from biasscope.pipeline import dataset

    def panicking(**_: Any) -> None:
        raise DAMAGES["a panic"]

    monkeypatch.setattr(dataset, "analyze_dataset", panicking)
    assert main(["dataset", str(short(tmp_path))]) == 4
    assert "PanicException: assertion failed" in capsys.readouterr().err
