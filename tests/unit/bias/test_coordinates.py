"""Geometry of boxes in frames, on boxes small enough to do by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasscope.bias.coordinates import apparent_scale, edge_contact, feasible_coordinates, raw_centres, relative_size
from biasscope.bias.grid import detect_grid, on_grid
from biasscope.core.errors import UsageError


def test_a_centred_box_is_in_the_middle():
    box = [30], [20], [70], [60], [100], [80]
    assert [part.item() for part in raw_centres(*box)] == [0.5, 0.5]
    assert [part.item() for part in feasible_coordinates(*box)] == [0.5, 0.5]
    assert [part.item() for part in relative_size(*box)] == [0.4, 0.5]


@given(
    width=st.floats(2, 1e4),
    share=st.floats(0.01, 0.99),
    place=st.floats(0, 1),
)
def test_feasible_is_the_formula_in_relative_centres(width, share, place):
    x0 = place * width * (1 - share)
    x1 = x0 + share * width
    w, cx = (x1 - x0) / width, (x0 + x1) / 2 / width
    u, _ = feasible_coordinates([x0], [0], [x1], [1], [width], [4], contact=0)
    assert u[0] == pytest.approx((cx - w / 2) / (1 - w), abs=1e-6)


@given(slack=st.integers(1, 300), size=st.integers(1, 50), draw=st.floats(0, 0.999999))
def test_integer_places_fill_the_unit_interval_without_gaps(slack, size, draw):
    x0 = np.arange(slack + 1)
    u, _ = feasible_coordinates(x0, 0 * x0, x0 + size, 0 * x0 + 1, slack + size, 9, grid="integer", uniform=(draw, 0.5))
    np.testing.assert_allclose(u, (x0 + draw) / (slack + 1))
    np.testing.assert_array_equal(np.floor(u * (slack + 1) + 1e-9), x0)


def test_integer_interior_leaves_out_the_two_ends():
    x0 = np.arange(1, 10)
    u, _ = feasible_coordinates(
        x0, 0 * x0 + 1, x0 + 5, 0 * x0 + 2, 15, 9, grid="integer", uniform=(0.5, 0.5), margin=0.5
    )
    np.testing.assert_allclose(u, (np.arange(9) + 0.5) / 9)


def test_continuous_interior_starts_at_the_margin():
    u, _ = feasible_coordinates([0.5, 5.0, 9.5], [1] * 3, [10.5, 15.0, 19.5], [2] * 3, 20, 9, margin=0.5)
    np.testing.assert_allclose(u, [0, 0.5, 1])


@pytest.mark.parametrize("grid", ["integer", "continuous"])
def test_no_slack_is_undefined_on_its_axis_only(grid):
    u, v = feasible_coordinates([0], [0], [10], [5], [10], [10], grid=grid, uniform=(0.5, 0.5))
    assert np.isnan(u[0])
    assert v[0] == pytest.approx(0.5 / 6 if grid == "integer" else 0)


def test_the_integer_grid_needs_its_uniform_numbers():
    with pytest.raises(ValueError, match="uniform number"):
        feasible_coordinates([0], [0], [1], [1], [9], [9], grid="integer")


def test_edges_touch_within_half_a_pixel():
    sides = edge_contact([0.4, 0.6], [0, 1], [99.6, 99.4], [80, 79], 100, 80)
    assert [side.tolist() for side in sides] == [[True, False]] * 4


def test_apparent_scale_is_the_root_of_the_area_share():
    assert apparent_scale([0.5], [0.08]).item() == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("decimals", "expected"), [(6, "integer"), (4, "continuous")], ids=["six decimals", "four decimals"]
)
def test_fractions_of_a_known_frame_are_recognised_as_pixels(decimals, expected):
    """YOLO writes centre and size as fractions; six decimals of 640 come back to within a thousandth of a pixel."""
    random = np.random.default_rng(0)
    x0 = random.integers(0, 300, 200)
    x1 = x0 + random.integers(1, 300, 200)
    centre, size = np.round((x0 + x1) / 2 / 640, decimals), np.round((x1 - x0) / 640, decimals)
    back = 640 * (centre - size / 2), 640 * (centre + size / 2)
    assert detect_grid(back[0], back[0], back[1], back[1]) == expected


def test_fractions_of_an_unknown_frame_are_continuous():
    assert detect_grid([0.0], [0.0], [1.0], [1.0], sized=False) == "continuous"
    assert detect_grid([0.0, 3.0], [0.0, 4.0], [1.0, 5.0], [1.0, 8.0], sized=[False, True]) == "integer"


def test_a_few_odd_corners_do_not_change_the_grid():
    whole = np.arange(100.0)
    odd = np.where(whole < 4, whole + 0.5, whole)
    assert detect_grid(odd, whole, whole, whole) == "integer"
    assert detect_grid(whole + 0.5, whole, whole, whole) == "continuous"
    assert np.isnan(on_grid([]))


def test_an_unknown_grid_is_a_usage_error():
    with pytest.raises(UsageError, match="zz"):
        feasible_coordinates([0], [0], [1], [1], 10, 10, grid="zz")
    with pytest.raises(UsageError, match="uniform number"):
        feasible_coordinates([0], [0], [1], [1], 10, 10, grid="integer")


def test_a_box_outside_its_frame_has_no_place():
    """Beyond rounding (a pixel, a hundredth of a frame of unknown size) it is NaN, not at the edge."""
    x0 = np.array([-30.0, -0.9, 95.0, 90.9, 50.0])
    u, v = feasible_coordinates(x0, np.full(5, 10.0), x0 + 10, np.full(5, 20.0), 100, 100)
    assert np.isnan(u).tolist() == [True, False, True, False, False]
    assert (u[1], u[3]) == (0.0, 1.0)
    assert np.isfinite(v).all()
    share = feasible_coordinates([-0.2, -0.005], [0.1] * 2, [0.1, 0.195], [0.3] * 2, 1, 1, contact=1e-3).u
    assert np.isnan(share[0])
    assert share[1] == 0
