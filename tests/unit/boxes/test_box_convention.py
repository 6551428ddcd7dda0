import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.boxes import convention as c
from biasscope.core.errors import UsageError

PIXELS = st.integers(-1000, 100_000)
SIDES = st.integers(1, 10_000)


@given(x=PIXELS, y=PIXELS, w=SIDES, h=SIDES)
def test_first_and_last_pixel_cover_as_many_pixels_as_they_enclose(x: int, y: int, w: int, h: int) -> None:
    zero = c.to_edges(x, y, x + w - 1, y + h - 1, "inclusive0")
    one = c.to_edges(x + 1, y + 1, x + w, y + h, "inclusive1")
    assert zero == one == c.to_edges(x, y, x + w, y + h, "edges") == (x, y, x + w, y + h)
    assert c.to_edges(*c.from_xywh(x, y, w, h), "xywh") == (x, y, x + w, y + h)


@given(st.sampled_from(c.CONVENTIONS), st.tuples(PIXELS, PIXELS, PIXELS, PIXELS))
def test_from_edges_is_the_inverse(name: str, corners: tuple[int, int, int, int]) -> None:
    assert c.to_edges(*c.from_edges(*corners, name), name) == corners


@given(x=st.floats(0, 1), y=st.floats(0, 1), w=st.floats(0, 1), h=st.floats(0, 1), width=SIDES, height=SIDES)
def test_centre_and_corners_in_fractions_agree(x: float, y: float, w: float, h: float, width: int, height: int) -> None:
    corners = c.from_centre(x + w / 2, y + h / 2, w, h)
    assert corners == pytest.approx((x, y, x + w, y + h), abs=1e-12)
    scaled = c.from_fraction(*corners, width, height)
    assert scaled == pytest.approx((x * width, y * height, (x + w) * width, (y + h) * height), abs=1e-8)


def test_numbers_arrays_and_expressions_agree() -> None:
    numbers = (1.0, 2.0, 3.0, 4.0)
    arrays = c.to_edges(*(np.array([value]) for value in numbers), "inclusive1")
    frame = pl.DataFrame({"a": [1.0], "b": [2.0], "c": [3.0], "d": [4.0]})
    made = frame.select(*(part.alias(str(n)) for n, part in enumerate(c.to_edges(*map(pl.col, "abcd"), "inclusive1"))))
    assert made.row(0) == tuple(float(part[0]) for part in arrays) == c.to_edges(*numbers, "inclusive1")


def test_layouts_cannot_be_named_for_formats_that_fix_it() -> None:
    assert c.choose_corners("auto", "edges", "x") == "edges"
    assert c.choose_corners("inclusive0", "edges", "x") == "inclusive0"
    with pytest.raises(UsageError, match="fixed"):
        c.choose_corners("xywh", "edges", "CVAT")
