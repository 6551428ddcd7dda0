"""A comma in a number: what it means is found out, or said to be unknown; never a number a thousand times too small."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.boxes import inspect, read_boxes
from biasscope.boxes.tables.commas import DECIMAL, EITHER, THOUSANDS, meaning
from biasscope.core.errors import InputError

HEADER = "image;xmin;ymin;xmax;ymax;label;width;height\n"


def corners(folder: Path, *rows: str, suffix: str = "csv") -> list[tuple[Any, ...]]:
    """Corners of boxes whose four numbers, width and height are given with blanks between."""
    lines = [
        f"i{place};{';'.join(row.split()[:4])};cat;{';'.join(row.split()[4:])}\n" for place, row in enumerate(rows)
    ]
    path = folder / f"x.{suffix}"
    if suffix == "csv":
        path.write_text(HEADER + "".join(lines))
    else:
        names = HEADER.strip().split(";")
        pl.DataFrame([line.strip().split(";") for line in lines], schema=names, orient="row").write_parquet(path)
    return read_boxes(path).boxes.select("x0", "y0", "x1", "y1", "image_width").collect().rows()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_thousands_beside_whole_numbers_as_a_spreadsheet_writes_them(tmp_path: Path, suffix: str) -> None:
    found = corners(tmp_path, "512 40 1,369 980 4,032 3,024", "2 1,004 1,000 2,000 4,032 3,024", suffix=suffix)
    assert found == [(512, 40, 1369, 980, 4032), (2, 1004, 1000, 2000, 4032)]
    assert "thousands" in read_boxes(tmp_path / f"x.{suffix}").notes[0]


def test_thousands_beside_decimal_points(tmp_path: Path) -> None:
    found = corners(tmp_path, "512.25 40.5 1,369 1,980.75 12,034,032 3,024", "0 1 12.369 1,000.5 9 9")
    assert found == [(512.25, 40.5, 1369, 1980.75, 12034032), (0, 1, 12.369, 1000.5, 9)]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_decimals_beside_other_decimals(tmp_path: Path, suffix: str) -> None:
    found = corners(tmp_path, "1,369 0,358 12,5 20 100 100", "1,1 2 1369,123 4,000 2000 100", suffix=suffix)
    assert found == [(1.369, 0.358, 12.5, 20, 100), (1.1, 2, 1369.123, 4, 2000)]


def test_what_remains_in_doubt_is_listed(tmp_path: Path) -> None:
    found = corners(tmp_path, "1,25 2.5 1,369 3 9 9", "1,25 2.5 3,5 4 9 9", "1 2 3 5 1,369 9")
    assert found == [(1.25, 2.5, None, 3, 9), (1.25, 2.5, 3.5, 4, 9), (1, 2, 3, 5, None)]
    listed = inspect(read_boxes(tmp_path / "x.csv")).table("rows")
    assert dict(zip(listed["where"], listed["code"], strict=True)) == {
        "x.csv:1": "not_finite",
        "x.csv:3": "unknown_size",
    }


def test_with_decimal_commas_a_point_before_three_digits_is_in_doubt(tmp_path: Path) -> None:
    assert corners(tmp_path, "1,5 2,25 1.369 1.369,5 9 9") == [(1.5, 2.25, None, None, 9)]


@pytest.mark.parametrize(
    "row", ["1,369 1,400 2,369 2,400 4,032 3,024", "1,369 40 2,369 80 4032 3024", "1,369 1,369 2,369 2,369 640 480"]
)
def test_doubtful_numbers_alone_are_an_error(tmp_path: Path, row: str) -> None:
    with pytest.raises(InputError, match=r"x.csv: '1,369' may be .*[Ww]rite decimals with a point"):
        corners(tmp_path, row)


def test_a_number_that_is_cut_off_by_the_end_of_what_is_looked_at_tells_nothing(tmp_path: Path) -> None:
    rows = ["512 40 1,369 980 4,032 3,024"] * 3
    row = f"{'i' * 90};{';'.join(rows[0].split()[:4])};cat;4,032;3,024\n"
    for shift in range(len(row)):
        (tmp_path / "x.csv").write_text(HEADER + "j" * shift + row * 800)
        assert read_boxes(tmp_path / "x.csv").boxes.collect()["x1"].unique().to_list() == [1369]


@given(st.lists(st.integers(1, 3_000_000), min_size=2), st.integers(0, 3))
def test_what_is_written_in_one_way_is_never_read_in_the_other(numbers: list[int], places: int) -> None:
    apart = [f"{number:,}" if not places else f"{number / 10**places:,.{places}f}" for number in numbers]
    decimal = [f"{number / 10**places:.{places}f}".replace(".", ",") for number in numbers]
    for words, wrong in ((apart, DECIMAL), (decimal, THOUSANDS)):
        try:
            assert meaning([words], Path("x.csv")) != wrong
        except InputError:
            assert all("," in word for word in words) or {len(word) for word in words if "," not in word} & {4, 5, 6, 7}
    assert places == 0 or meaning([[*decimal, "0,5"]], Path()) == DECIMAL
    assert meaning([["12"]], Path()) == EITHER
