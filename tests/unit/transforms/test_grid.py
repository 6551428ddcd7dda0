"""The grammar of grids."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.core.errors import UsageError
from biasscope.transforms.grid import parse_grid
from biasscope.transforms.number_list import parse_numbers


@pytest.mark.parametrize(
    ("text", "ys", "xs"),
    [
        ("3", [-1, 0, 1], [-1, 0, 1]),
        ("7x7", range(-3, 4), range(-3, 4)),
        ("3x5:2", [-2, 0, 2], [-4, -2, 0, 2, 4]),
        ("4", [-2, -1, 0, 1], [-2, -1, 0, 1]),
        ("1x3", [0], [-1, 0, 1]),
        ("3:0.5", [-0.5, 0, 0.5], [-0.5, 0, 0.5]),
        ("0..31", range(32), range(32)),
        ("-2..2:2", [-2, 0, 2], [-2, 0, 2]),
    ],
)
def test_full_grids(text, ys, xs):
    grid = parse_grid(text)
    assert grid.offsets == tuple((y, x) for y in ys for x in xs)
    assert grid.offsets[grid.reference] == (0, 0)


def test_one_step_away_on_a_full_grid_are_the_left_and_the_upper_neighbour():
    grid = parse_grid("3x5:2")
    for row, (dy, dx) in zip(grid.steps, ((0, 2), (2, 0)), strict=True):
        for view, before in enumerate(row):
            y, x = grid.offsets[view]
            wanted = (y - dy, x - dx)
            assert before == (grid.offsets.index(wanted) if wanted in grid.offsets else -1)


@pytest.mark.parametrize(
    ("text", "offsets"),
    [
        ("diagonal:8", [(i, i) for i in range(9)]),
        ("horizontal:16", [(0, i) for i in range(17)]),
        ("vertical:2:3", [(0, 0), (3, 0), (6, 0)]),
        ("0,0;1,-2;2.5,3", [(0, 0), (1, -2), (2.5, 3)]),
    ],
)
def test_paths(text, offsets):
    grid = parse_grid(text)
    assert grid.offsets == tuple(offsets)
    assert grid.steps == (tuple(range(-1, len(offsets) - 1)),)
    assert grid.reference == 0


def test_axes_go_outwards_and_step_towards_zero():
    grid = parse_grid("axes:3:2")
    assert len(grid.offsets) == len(set(grid.offsets)) == 13
    assert grid.offsets[grid.reference] == (0, 0)
    (steps,) = grid.steps
    for view, before in enumerate(steps[1:], 1):
        (y, x), (y0, x0) = grid.offsets[view], grid.offsets[before]
        assert (y == 0) != (x == 0)
        assert abs(y) + abs(x) == abs(y0) + abs(x0) + 2
        assert y0 * x == x0 * y


def test_a_grid_without_zero_refers_to_its_first_view():
    assert parse_grid("2..4").reference == 0
    assert parse_grid("2..4").offsets[0] == (2, 2)


def test_whole_grids_have_whole_columns():
    assert parse_grid("3").columns()["dy"].dtype == np.int64
    assert parse_grid("3:0.5").columns()["dx"].dtype == np.float64
    assert parse_grid("1").steps == ((-1,),)


@given(
    st.sampled_from(["{}x{}", "{0}..{2}", "diagonal:{}", "axes:{}", "vertical:{}"]),
    st.integers(1, 9),
    st.integers(1, 9),
)
def test_predecessors_come_first(form, a, b):
    grid = parse_grid(form.format(a, b, a + b))
    for row in grid.steps:
        assert len(row) == len(grid.offsets)
        assert all(before < view for view, before in enumerate(row))
    assert grid.extent == (grid.high[0] - grid.low[0], grid.high[1] - grid.low[1])


NO_GRIDS = ["", "0", "x", "7x", "7x0", "-7", "5..2", "3:0", "3:-1", "diagonal", "diagonal:-1", "nan", "1,2,3", "1e3"]


@pytest.mark.parametrize("text", [*NO_GRIDS, "999x999", "7:inf", "axes:99999"])
def test_what_is_no_grid(text):
    with pytest.raises(UsageError, match=r"grid|views|step"):
        parse_grid(text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("60,100", (60, 100)), ("95..97", (95, 96, 97)), ("-30..30:30", (-30, 0, 30)), ("0.5", (0.5,))],
)
def test_numbers(text, numbers):
    assert parse_numbers(text) == numbers


@pytest.mark.parametrize("text", ["", "a", "1,,2", "3..1", "1..2:0", "1;2"])
def test_what_are_no_numbers(text):
    with pytest.raises(UsageError):
        parse_numbers(text)


@pytest.mark.parametrize("text", ["0,0;0,0", "0,1;1,0;0,1.0", "0,0;-0,0"])
def test_a_shift_that_is_named_twice_is_refused(text):
    with pytest.raises(UsageError, match="more than once"):
        parse_grid(text)


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (parse_grid, "1000000x1000000", "'1000000x1000000' makes 1000000000000 views. There are between 1 and 100000"),
        (parse_grid, "horizontal:100000000", "makes 100000001 views"),
        (parse_grid, "3:0", "the step of '3:0' is not positive. Write 7x7"),
        (parse_numbers, "1..1000000000", "are not numbers|makes 1000000000 views"),
        (parse_numbers, "100..60", "'100..60' makes 0 views"),
        (parse_numbers, "8..32:0", "the step of '8..32:0' is not positive. Write 60,100,150"),
    ],
)
def test_what_is_refused_says_what_would_do(read, text, words):
    with pytest.raises(UsageError, match=words):
        read(text)
