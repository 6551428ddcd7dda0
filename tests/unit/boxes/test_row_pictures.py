"""Sizes of images from the pictures that a table holds beside the boxes."""

import io
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from biasscope.boxes import read_boxes

SIZES = [(20, 10), (30, 40), (50, 60)]


def encoded(size: tuple[int, int]) -> bytes:
    data = io.BytesIO()
    Image.new("L", size).save(data, "PNG")
    return data.getvalue()


def table(folder: Path, *, struct: bool = False, third: bytes | None = None, **more: list[int]) -> Path:
    """Table of three rows: a box, an image without objects, and a box whose picture is ``third``."""
    names = ["a.png", "b.png", "c.png"]
    data = [encoded(SIZES[0]), encoded(SIZES[1]), third]
    pictures = [{"bytes": one, "path": name} for one, name in zip(data, names, strict=True)] if struct else data
    corners = {key: [1, None, 2] for key in ("x0", "y0", "x1", "y1")} | {"x1": [9, None, 9], "y1": [9, None, 9]}
    named = {} if struct else {"image_id": names}
    frame = pl.DataFrame({**named, "image": pictures, "label": ["cat", None, "dog"], **corners, **more})
    frame.write_parquet(folder / "x.parquet")
    return folder / "x.parquet"


def sizes(found: pl.LazyFrame) -> dict[str, tuple[int | None, int | None]]:
    rows = found.select("image_id", "image_width", "image_height").collect().rows()
    return {image: (width, height) for image, width, height in rows}


@pytest.mark.parametrize("struct", [False, True])
def test_pictures_in_rows_give_sizes(tmp_path: Path, struct: bool) -> None:
    found = read_boxes(table(tmp_path, struct=struct, third=encoded(SIZES[2])))
    assert sizes(found.boxes) == {"a": SIZES[0], "c": SIZES[2]}
    assert sizes(found.images) == {"a": SIZES[0], "b": SIZES[1], "c": SIZES[2]}
    assert found.notes[0].endswith("Image sizes are those of the pictures in the column image.")


def test_a_picture_that_is_none_is_listed_once(tmp_path: Path) -> None:
    found = read_boxes(table(tmp_path, third=b"no picture"))
    for _ in range(2):
        assert sizes(found.boxes) == {"a": SIZES[0], "c": (None, None)}
    assert found.log.counts == {"unreadable image": 1}
    assert found.log.rows[0].where == "image c"


def test_a_row_without_a_picture_has_no_size(tmp_path: Path) -> None:
    found = read_boxes(table(tmp_path))
    assert sizes(found.images)["c"] == (None, None)
    assert not found.log.counts


def test_what_is_said_about_sizes_comes_before_pictures(tmp_path: Path) -> None:
    (tmp_path / "sizes.csv").write_text("image,width,height\na,7,8\n")
    assert sizes(read_boxes(table(tmp_path), sizes=tmp_path / "sizes.csv").boxes)["a"] == (7, 8)
    columns = {"image_width": [7, 7, 7], "image_height": [8, 8, 8]}
    assert sizes(read_boxes(table(tmp_path, **columns)).boxes)["a"] == (7, 8)


def test_bytes_that_are_no_pictures_give_no_sizes(tmp_path: Path) -> None:
    frame = pl.read_parquet(table(tmp_path)).with_columns(image=pl.lit(b"mask"))
    frame.write_parquet(tmp_path / "x.parquet")
    found = read_boxes(tmp_path / "x.parquet")
    assert sizes(found.boxes)["a"] == (None, None)
    assert "pictures" not in found.notes[0]
    assert not found.log.counts


def test_masks_beside_pictures_are_not_taken_for_them(tmp_path: Path) -> None:
    frame = pl.read_parquet(table(tmp_path)).select(pl.lit(encoded((3, 3))).alias("mask"), pl.all())
    frame.write_parquet(tmp_path / "x.parquet")
    assert sizes(read_boxes(tmp_path / "x.parquet").boxes)["a"] == SIZES[0]
    frame.rename({"image": "mask too"}).write_parquet(tmp_path / "x.parquet")
    assert sizes(read_boxes(tmp_path / "x.parquet").boxes)["a"] == (None, None)
    frame.select(pl.exclude("mask")).rename({"image": "shot"}).write_parquet(tmp_path / "x.parquet")
    assert sizes(read_boxes(tmp_path / "x.parquet").boxes)["a"] == SIZES[0]


def test_pictures_fill_what_columns_leave_out(tmp_path: Path) -> None:
    columns: dict[str, list[int]] = {"width": [7, None, None], "height": [8, None, 9]}  # type: ignore[list-item]
    found = read_boxes(table(tmp_path, third=encoded(SIZES[2]), **columns))
    assert sizes(found.images) == {"a": (7, 8), "b": SIZES[1], "c": SIZES[2]}
    assert found.notes[0].endswith("of the pictures in the column image where no column says them.")
    assert sizes(read_boxes(table(tmp_path, **columns)).images)["c"] == (None, 9)


def test_pictures_may_come_late(tmp_path: Path) -> None:
    frame = pl.read_parquet(table(tmp_path, third=encoded(SIZES[2])))
    none = frame.with_columns(image=pl.lit(None, pl.Binary), image_id=pl.lit("n"))
    pl.concat([*[none] * 5, frame]).write_parquet(tmp_path / "x.parquet")
    assert sizes(read_boxes(tmp_path / "x.parquet").boxes) == {"n": (None, None), "a": SIZES[0], "c": SIZES[2]}
